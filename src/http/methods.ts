import type { NotFoundHandler } from 'hono'
import type { Router } from 'hono/router'
import type { H, RouterRoute } from 'hono/types'
import { methodNotAllowed } from '../errors/error.ts'
import type { AppEnv } from './context.ts'
import { onNotFound, renderProblem } from './problems.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']

/** Answers where no route did: 405, or 204 to OPTIONS, when the path has routes for other methods, else 404. */
export const methodNotAllowedOr404 = (router: Router<[H, RouterRoute]>): NotFoundHandler<AppEnv> =>
  function methodNotAllowedOr404(c) {
    const { path } = c.req
    // middleware is registered for the method ALL
    const answered = methods.filter((method) =>
      router.match(method, path)[0].some(([[, route]]) => route.method === method),
    )
    if (answered.length === 0) return onNotFound(c)
    const allow = answered.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    allow.push('OPTIONS')
    if (c.req.method !== 'OPTIONS') return renderProblem(c, methodNotAllowed(allow))
    return c.body(null, 204, { Allow: allow.join(', ') })
  }
