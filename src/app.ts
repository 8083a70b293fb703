import { OpenAPIHono } from '@hono/zod-openapi'
import { activity } from './features/activity/routes.ts'
import { health } from './features/health/routes.ts'
import { stats } from './features/stats/routes.ts'
import { recall } from './http/answer.ts'
import type { AppEnv, Services } from './http/context.ts'
import { otherMethod } from './http/methods.ts'
import { onError } from './http/problems.ts'
import { describe } from './http/reference.ts'
import { requests } from './http/requests.ts'
import { transaction } from './http/transaction.ts'
import { refuseFaults } from './http/validation.ts'
import { wellFormed } from './http/well-formed.ts'

/** The whole program over HTTP; runs wherever there are Web APIs. */
export function createApp(services: Services) {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: refuseFaults })
  app.onError(onError)
  app.notFound(otherMethod(app.router))
  app.use(requests(services), wellFormed)
  app.use('/api/*', recall, transaction())
  const routed = app.route('/', health).route('/api/v1', stats).route('/api/v1', activity)
  describe(app)
  return routed
}

export type AppType = ReturnType<typeof createApp>
