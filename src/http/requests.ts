import type { MiddlewareHandler } from 'hono'
import type { AppEnv, Services } from './context.ts'
import { addCommonHeaders } from './reply.ts'
import { startTiming } from './server-timing.ts'
import { traceOf } from './trace.ts'

/** Gives each request its id, timing and services, each response the common headers, and observes both. */
export const requests = (services: Services): MiddlewareHandler<AppEnv> =>
  async function requests(c, next) {
    const timing = startTiming()
    const requestId = requestIdOf(c.req.header('x-request-id'))
    c.set('requestId', requestId)
    c.set('timing', timing)
    c.set('services', services)
    const address = services.addressOf?.(c)
    c.set('address', address)
    c.set('strictTransport', services.strictTransport)
    c.set('crossOrigin', services.cors?.headersFor(c.req.header('origin')))
    await next()
    addCommonHeaders(c)
    const { status } = c.res
    const { method, path } = c.req
    const request = { requestId, method, path, status, ...traceOf(c.req.header('traceparent')) }
    const duration = performance.now() - timing.start
    services.observe({ type: 'request', ...request, duration, address })
    if (c.error && status >= 500) {
      const isClientGone = c.req.raw.signal.aborted
      services.observe({ type: 'error', ...request, isClientGone, error: c.error })
    }
  }

/** A new id in place of one that is longer or stranger than usual: it could forge log lines. */
export const requestIdOf = (sent: string | undefined): string =>
  sent !== undefined && /^[\w.:/+=-]{1,128}$/.test(sent) ? sent : crypto.randomUUID()
