import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './context.ts'

/** Gives a request its lazy transaction: committed when the handler answered, rolled back when it threw. */
export const transaction = (): MiddlewareHandler<AppEnv> =>
  async function transaction(c, next) {
    const { pool, requestTimeout, observe, runtime } = c.get('services')
    const timing = c.get('timing')
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
    const { db, commit, rollback } = pool(c).request({
      access: isRead ? 'read only' : 'read write',
      deadline: requestTimeout - (performance.now() - timing.start),
      signal: () => c.req.raw.signal,
      timing: timing,
    })
    c.set('db', db)
    await next()
    if (!isRead && !c.error) return commit()
    const ended = (c.error ? rollback() : commit()).catch((error: unknown) =>
      observe({ type: 'database', event: { type: 'end_failed', error } }),
    )
    // a Worker's connections end with the request unless told to stay
    if (runtime === 'workerd') c.executionCtx.waitUntil(ended)
  }
