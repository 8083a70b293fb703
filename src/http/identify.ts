import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './context.ts'

/** Finds out who asks, before any answer is looked up or made: a caller who is turned away gets none. */
export const identify: MiddlewareHandler<AppEnv> = function identify(c, next) {
  // which methods there are /openapi.json tells anyone; browsers send no key with it
  if (c.req.method === 'OPTIONS') return next()
  const caller = c.get('services').callerOf(c)
  if (caller instanceof Promise) {
    return caller.then((known) => {
      c.set('caller', known)
      return next()
    })
  }
  // not awaited: a cached answer takes 10 µs in all
  c.set('caller', caller)
  return next()
}
