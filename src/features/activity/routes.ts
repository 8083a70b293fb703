import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { onlyRow } from '../../db/bound-statement.ts'
import { respond } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import { failures } from '../../http/responses.ts'
import { feedPageOf, feedRequestOf, feedStatementOf } from './page.ts'
import { activityPageSchema, activityQuery } from './schemas.ts'

const listActivity = createRoute({
  method: 'get',
  path: '/activity',
  tags: ['Activity'],
  summary: 'Recent activity, newest first: posts, comments, sign-ups and sessions in one feed',
  request: { query: activityQuery },
  responses: {
    200: {
      description: 'A page of the feed',
      content: { 'application/json': { schema: activityPageSchema } },
    },
    ...failures('validation_failed', 'invalid_cursor'),
  },
})

/** Mounted under /api/v1. */
export const activity = new OpenAPIHono<AppEnv>().openapi(listActivity, async (c) => {
  const { cursors } = c.get('services')
  const request = feedRequestOf(c.req.valid('query'), cursors)
  const statement = feedStatementOf(request)
  return respond(c, { statement, tier: 'short' }, (rows) =>
    feedPageOf(onlyRow(rows), request, cursors, c.req.url),
  )
})
