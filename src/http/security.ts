import type { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { RouterRoute } from 'hono/types'
import { may, type Scope, scopes } from '../auth/caller.ts'
import { forbidden } from '../errors/error.ts'
import type { AppEnv } from './context.ts'

/** The scope a route takes, as its `security`: of any other caller it is refused. Every route says it. */
export const requires = (scope: Scope) => [{ key: [scope] }]

/** The scopes that the routes of an app declare, by method and path as Hono knows them: `GET /api/v1/users/:id`. */
export function scopesOf({ openAPIRegistry }: OpenAPIHono<AppEnv>): ReadonlyMap<string, Scope> {
  return new Map(
    openAPIRegistry.definitions.flatMap((definition) => {
      if (definition.type !== 'route') return []
      const { method, path, security } = definition.route
      const scope = scopes.find((each) => security?.some(({ key }) => key?.includes(each)))
      const name = `${method.toUpperCase()} ${path.replaceAll(/\{(.+?)\}/g, ':$1')}`
      return scope ? [[name, scope] as const] : []
    }),
  )
}

/**
 * Refuses a caller who lacks the scope of the route, before anything of it runs: it comes behind `identify`. A route that
 * declares none is for `admin` alone; where there is no route every caller is told so.
 */
export function authorize(app: OpenAPIHono<AppEnv>): MiddlewareHandler<AppEnv> {
  let declared: ReadonlyMap<string, Scope> | undefined
  const known = new WeakMap<RouterRoute, Scope>()
  /** The route itself stands behind all middleware. */
  const scopeOf = (route: RouterRoute) => {
    const scope = known.get(route)
    if (scope) return scope
    declared ??= scopesOf(app)
    const found = declared.get(`${route.method} ${route.path}`) ?? 'admin'
    known.set(route, found)
    return found
  }
  return function authorize(c, next) {
    const route = matchedRoutes(c).at(-1)
    if (!route || isMiddleware(route)) return next()
    const scope = scopeOf(route)
    if (!may(c.get('caller'), scope)) throw forbidden(scope)
    return next()
  }
}

/** `use` registers for the method ALL. */
const isMiddleware = ({ method, path }: RouterRoute) => method === 'ALL' && path.endsWith('*')
