import type { MiddlewareHandler } from 'hono'
import { cors as honoCors } from 'hono/cors'
import type { AppEnv } from './context.ts'
import type { Cors } from './cors.ts'
import type { MethodsOf } from './methods.ts'

const allowHeaders = [
  'Authorization',
  'Content-Type',
  'If-None-Match',
  'If-Match',
  'Idempotency-Key',
  'X-Request-Id',
  'traceparent',
]
/** Seconds a browser keeps the answer; Chromium keeps none for longer. */
const maxAge = 7200

/** Answers what a browser asks before it sends a request from another origin; any other OPTIONS passes. */
export function preflight(cors: Cors | undefined, methodsOf: MethodsOf): MiddlewareHandler<AppEnv> {
  const answer =
    cors &&
    honoCors({
      origin: cors.origins.includes('*') ? '*' : [...cors.origins],
      allowMethods: (_, c) => methodsOf(c.req.path),
      allowHeaders,
      maxAge,
    })
  return function preflight(c, next) {
    const { method } = c.req
    const isPreflight = method === 'OPTIONS' && c.req.header('access-control-request-method')
    return answer && isPreflight ? answer(c, next) : next()
  }
}
