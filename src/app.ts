import { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv, Services } from './context.ts'
import { onError } from './errors/handler.ts'
import { health } from './features/health/routes.ts'
import { requests } from './observability/requests.ts'

/** The whole program over HTTP; runs wherever there are Web APIs. */
export function createApp(services: Services) {
  const app = new OpenAPIHono<AppEnv>()
  app.onError(onError)
  app.use(requests(services))
  return app.route('/', health)
}

export type App = ReturnType<typeof createApp>
export type AppType = App
