import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { onlyRow } from '../../db/bound-statement.ts'
import { respond } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import { requestHeaders } from '../../http/contract.ts'
import { read } from '../../http/responses.ts'
import { requires } from '../../http/security.ts'
import { searchExamples } from './examples.ts'
import { searchPageOf, searchRequestOf, searchStatementOf } from './page.ts'
import { searchPageSchema, searchQuery } from './schemas.ts'

const searchRoute = createRoute({
  method: 'get',
  path: '/search',
  operationId: 'search',
  security: requires('read'),
  tags: ['Search'],
  summary: 'Posts by their words, or users by a part of their names',
  description:
    'Ranks the newest 1,000 matches: words of a title weigh more than those of a body, and a post of today twice as much as one of 90 days ago; a name that is the search comes before those that begin with it. `metadata` says how many match, and since when they are ranked. A search of stop words alone finds nothing.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: searchQuery },
  responses: read(
    {
      description: 'A page of hits',
      schema: searchPageSchema,
      examples: searchExamples,
      headers: ['Link'],
    },
    'invalid_cursor',
  ),
})

/** Mounted under /api/v1. */
export const search = new OpenAPIHono<AppEnv>().openapi(searchRoute, async (c) => {
  const { cursors } = c.get('services')
  const request = searchRequestOf(c.req.valid('query'), cursors)
  const statement = searchStatementOf(request)
  return respond(c, { statement, tier: 'short' }, (rows) =>
    searchPageOf(onlyRow(rows), request, cursors, c.req.url),
  )
})
