import type { MiddlewareHandler } from 'hono'
import { foreignOrigin } from '../errors/error.ts'
import type { AppEnv } from './context.ts'

const changing = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/**
 * Refuses what a page of another origin would change where nobody shows a key, unless `CORS_ORIGINS` names it: a browser on the
 * same machine sends it for any page that is open there. Programs send no `Origin`. https://www.rfc-editor.org/rfc/rfc6454#section-7
 */
export const refuseForeignPages: MiddlewareHandler<AppEnv> = function refuseForeignPages(c, next) {
  const { isOpen, cors } = c.get('services')
  if (!isOpen || !changing.has(c.req.method)) return next()
  const origin = c.req.header('origin')
  const { host } = new URL(c.req.url)
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)) return next()
  if (cors?.origins.includes('*') || cors?.origins.includes(origin)) return next()
  throw foreignOrigin()
}
