import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { onlyRow } from '../../db/bound-statement.ts'
import { respond } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import { requestHeaders } from '../../http/contract.ts'
import { read } from '../../http/responses.ts'
import { requires } from '../../http/security.ts'
import { activityExamples } from './examples.ts'
import { feedPageOf, feedRequestOf, feedStatementOf } from './page.ts'
import { activityPageSchema, activityQuery } from './schemas.ts'

const listActivity = createRoute({
  method: 'get',
  path: '/activity',
  operationId: 'listActivity',
  security: requires('read'),
  tags: ['Activity'],
  summary: 'Recent activity, newest first: posts, comments, sign-ups and sessions in one feed',
  description:
    'Goes on by `cursor` or jumps by `page`, at the same cost at any depth. A cursor goes with its filters: `Link` and `nextCursor` are for the query that brought them. Past the last page `items` is empty.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: activityQuery },
  responses: read(
    {
      description: 'A page of the feed',
      schema: activityPageSchema,
      examples: activityExamples,
      headers: ['Link'],
    },
    'invalid_cursor',
  ),
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
