import type { Context, NotFoundHandler } from 'hono'
import type { Router } from 'hono/router'
import type { H, RouterRoute } from 'hono/types'
import { methodNotAllowed } from '../errors/error.ts'
import type { AppEnv } from './context.ts'
import { onNotFound, renderProblem } from './problems.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** The methods a path answers: none where it has no route. */
export type MethodsOf = (path: string) => string[]

export const methodsIn =
  (router: Router<[H, RouterRoute]>): MethodsOf =>
  (path) => {
    // middleware is registered for the method ALL
    const answered = methods.filter((method) =>
      router.match(method, path)[0].some(([[, route]]) => route.method === method),
    )
    if (answered.length === 0) return []
    return [...answered.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])), 'OPTIONS']
  }

/**
 * Answers where no route did: 405, or 204 to OPTIONS, when the path has routes for other methods; a redirect when it
 * has routes without its slash at the end; else 404.
 */
export const answerUnrouted = (methodsOf: MethodsOf): NotFoundHandler<AppEnv> =>
  function answerUnrouted(c) {
    const { path, method } = c.req
    const allow = methodsOf(path)
    if (allow.length === 0) return isSlashedRoute(path, methodsOf) ? trimmed(c) : onNotFound(c)
    if (method !== 'OPTIONS') return renderProblem(c, methodNotAllowed(allow))
    return c.body(null, 204, { Allow: allow.join(', ') })
  }

const isSlashedRoute = (path: string, methodsOf: MethodsOf) =>
  path.endsWith('/') && methodsOf(path.slice(0, -1)).length > 0

/** The path of a route begins with one slash and its own first letter: it leads to no other host. */
function trimmed(c: Context<AppEnv>): Response {
  const { pathname, search } = new URL(c.req.url)
  return c.redirect(pathname.slice(0, -1) + search, 308)
}
