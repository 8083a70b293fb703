import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './context.ts'

/**
 * Gives a request its lazy transaction: committed when the handler answered, rolled back when it threw. A write's
 * response waits for the commit and its `afterCommit` callbacks, a read's for neither.
 */
export const transaction = (): MiddlewareHandler<AppEnv> =>
  async function transaction(c, next) {
    const { pool, requestTimeout, observe, keepAlive } = c.get('services')
    const timing = c.get('timing')
    const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
    const { db, commit, rollback } = pool(c).request({
      access: isRead ? 'read only' : 'read write',
      deadline: requestTimeout - (performance.now() - timing.start),
      signal: () => c.req.raw.signal,
      timing,
    })
    c.set('db', db)
    await next()
    if (!isRead && !c.error) return commit()
    const ended = (c.error ? rollback() : commit()).catch((error: unknown) =>
      observe({ type: 'database', event: { type: 'end_failed', error } }),
    )
    keepAlive(c, ended)
  }
