import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './context.ts'

/** Finds out who asks, before any answer is looked up or made: a caller who is turned away gets none. */
export const identify: MiddlewareHandler<AppEnv> = async function identify(c, next) {
  c.set('caller', await c.get('services').callerOf(c))
  return next()
}
