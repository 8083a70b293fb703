import { OpenAPIHono } from '@hono/zod-openapi'
import { activity } from './features/activity/routes.ts'
import { audit } from './features/admin/audit/routes.ts'
import { jobs } from './features/admin/jobs/routes.ts'
import { keys } from './features/admin/keys/routes.ts'
import { newComments } from './features/comments/bulk.ts'
import { comments } from './features/comments/routes.ts'
import { exportsOf } from './features/exports/routes.ts'
import { health } from './features/health/routes.ts'
import { home } from './features/home/routes.ts'
import { newPosts } from './features/posts/bulk.ts'
import { posts } from './features/posts/routes.ts'
import { postViews } from './features/posts/views.ts'
import { problemPages } from './features/problems/routes.ts'
import { search } from './features/search/routes.ts'
import { newSessions } from './features/sessions/bulk.ts'
import { sessions } from './features/sessions/routes.ts'
import { currentStats } from './features/stats/current.ts'
import { stats } from './features/stats/routes.ts'
import { newUsers } from './features/users/bulk.ts'
import { users } from './features/users/routes.ts'
import { answerFromCache } from './http/answer.ts'
import { jsonBody } from './http/body.ts'
import type { AppEnv, Services } from './http/context.ts'
import { docs } from './http/docs.ts'
import { identify } from './http/identify.ts'
import { answerUnrouted, methodsIn } from './http/methods.ts'
import { refuseForeignPages } from './http/origin.ts'
import { preflight } from './http/preflight.ts'
import { onError } from './http/problems.ts'
import { limitCallers, limitStrangers } from './http/rate-limit.ts'
import { mountOpenApi } from './http/reference.ts'
import { requests } from './http/requests.ts'
import { authorize } from './http/security.ts'
import { transaction } from './http/transaction.ts'
import { rejectInvalid } from './http/validation.ts'
import { wellFormed } from './http/well-formed.ts'
import { jobKinds } from './job-kinds.ts'
import { reports } from './reports.ts'

/** The whole program over HTTP; runs wherever there are Web APIs. */
export function createApp(services: Services) {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  app.onError(onError)
  const methodsOf = methodsIn(app.router)
  app.notFound(answerUnrouted(methodsOf))
  app.use(requests(services), preflight(services.cors, methodsOf), wellFormed)
  app.use('/api/*', limitStrangers, identify, limitCallers, authorize(app), answerFromCache)
  app.use('/api/*', refuseForeignPages, jsonBody, transaction())
  const routed = app
    .route('/', health)
    .route('/api/v1', stats)
    .route('/api/v1', activity)
    .route('/api/v1', users)
    .route('/api/v1', newUsers)
    .route('/api/v1', posts)
    .route('/api/v1', newPosts)
    .route('/api/v1', postViews)
    .route('/api/v1', comments)
    .route('/api/v1', newComments)
    .route('/api/v1', sessions)
    .route('/api/v1', newSessions)
    .route('/api/v1', search)
    .route('/api/v1', keys)
    .route('/api/v1', exportsOf(reports))
    .route('/api/v1', audit)
    .route('/api/v1', jobs(jobKinds))
  mountOpenApi(app)
  app
    .route('/', home(services.isOpen ? currentStats : undefined))
    .route('/', problemPages)
    .route('/', docs(services.scripts))
  return routed
}

export type AppType = ReturnType<typeof createApp>
