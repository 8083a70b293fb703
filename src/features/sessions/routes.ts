import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { bind } from '../../db/bound-statement.ts'
import { creates, removes, restores, updates } from '../../http/change-contracts.ts'
import {
  respondCreated,
  respondRemoved,
  respondRestored,
  respondUpdated,
} from '../../http/changes.ts'
import type { AppEnv } from '../../http/context.ts'
import { requestHeaders } from '../../http/contract.ts'
import { type List, respondList } from '../../http/paging/list.ts'
import { listReport } from '../../http/paging/list-report.ts'
import { pathId } from '../../http/parameters.ts'
import { read } from '../../http/responses.ts'
import { respondRow } from '../../http/row.ts'
import { requires } from '../../http/security.ts'
import { takesNoQuery } from '../../http/validation.ts'
import { sessionChanges as bodyOfChanges, newSession } from './bodies.ts'
import { sessionChanges } from './changes.ts'
import { sessionExample, sessionPageExamples } from './examples.ts'
import { sessionById, sessionPages } from './queries.ts'
import { type Session, sessionPageSchema, sessionQuery, sessionSchema } from './schemas.ts'

const list: List<number> = {
  name: 'sessions',
  pages: sessionPages,
  filters: ['user', 'bounds'],
  isPassedOver: ({ sort }) => sort === 'lastSeenAt',
}

const listSessions = createRoute({
  method: 'get',
  path: '/sessions',
  operationId: 'listSessions',
  security: requires('read'),
  tags: ['Sessions'],
  summary: 'Sessions by their begin or by when they were last seen',
  description:
    'Goes on by `cursor`; jumps by `page`, sorted by `createdAt` at the same cost at any depth, sorted by `lastSeenAt` up to 50,000 rows from either end.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: sessionQuery },
  responses: read(
    {
      description: 'A page of sessions',
      schema: sessionPageSchema,
      examples: sessionPageExamples,
      headers: ['Link'],
    },
    'invalid_cursor',
  ),
})

const getSession = createRoute({
  method: 'get',
  path: '/sessions/{id}',
  operationId: 'getSession',
  security: requires('read'),
  tags: ['Sessions'],
  summary: 'A session',
  description: 'A session that was deleted is not found.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: read(
    { description: 'The session', schema: sessionSchema, examples: sessionExample },
    'not_found',
  ),
})

const resource = {
  path: '/sessions',
  noun: 'Session',
  one: 'a session',
  tag: 'Sessions',
  schema: sessionSchema,
  example: sessionExample.byId.value,
} as const

const createSession = creates(
  resource,
  newSession,
  'Creates a session of a user who is there.',
  'reference_missing',
  'constraint_failed',
)
const updateSession = updates(
  resource,
  bodyOfChanges,
  'Says when the session was last seen.',
  'constraint_failed',
)
const deleteSession = removes(resource, 'Deletes a session until it is restored.')
const restoreSession = restores(
  resource,
  'Brings a deleted session back; one that is there is left as it is.',
)

/** Mounted under /api/v1. */
export const sessions = new OpenAPIHono<AppEnv>()
  .openapi(listSessions, (c) => respondList<Session, number>(c, list, c.req.valid('query')))
  .openapi(getSession, (c) => respondRow<Session>(c, bind(sessionById, c.req.valid('param'))))
  .openapi(createSession, (c) => respondCreated<Session>(c, sessionChanges, c.req.valid('json')))
  .openapi(updateSession, (c) =>
    respondUpdated<Session>(c, sessionChanges, c.req.valid('param').id, c.req.valid('json')),
  )
  .openapi(deleteSession, (c) => respondRemoved(c, sessionChanges, c.req.valid('param').id))
  .openapi(restoreSession, (c) =>
    respondRestored<Session>(c, sessionChanges, c.req.valid('param').id),
  )

/** For exports. */
export const sessionsReport = listReport(list, sessionQuery, sessionSchema)
