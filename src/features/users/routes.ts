import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { bind } from '../../db/bound-statement.ts'
import { creates, restores, updates } from '../../http/change-contracts.ts'
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
import { userChanges as bodyOfChanges, newUser } from './bodies.ts'
import { userChanges } from './changes.ts'
import { deleteUser, respondErased } from './erase.ts'
import { userExample, userPageExamples } from './examples.ts'
import { userById, userPages } from './queries.ts'
import {
  type ListedUser,
  listedUserSchema,
  type User,
  userPageSchema,
  userQuery,
  userSchema,
} from './schemas.ts'

const list: List<number | null> = {
  name: 'users',
  pages: userPages,
  filters: ['active', 'inactive', 'admins', 'others', 'search', 'properties', 'bounds'],
  isPassedOver: ({ sort }) => sort !== 'createdAt',
}

const listUsers = createRoute({
  method: 'get',
  path: '/users',
  operationId: 'listUsers',
  security: requires('read'),
  tags: ['Users'],
  summary: 'Users by sign-up, name or when they were last seen',
  description:
    'Goes on by `cursor`; jumps by `page`, sorted by `createdAt` at the same cost at any depth, sorted otherwise up to 50,000 rows from either end.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: userQuery },
  responses: read(
    {
      description: 'A page of users',
      schema: userPageSchema,
      examples: userPageExamples,
      headers: ['Link'],
    },
    'invalid_cursor',
  ),
})

const getUser = createRoute({
  method: 'get',
  path: '/users/{id}',
  operationId: 'getUser',
  security: requires('read'),
  tags: ['Users'],
  summary: 'A user',
  description: 'A user who was deleted is not found.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: read(
    { description: 'The user', schema: userSchema, examples: userExample },
    'not_found',
  ),
})

const resource = {
  path: '/users',
  noun: 'User',
  one: 'a user',
  tag: 'Users',
  schema: userSchema,
  example: userExample.byId.value,
} as const

const createUser = creates(
  resource,
  newUser,
  'Creates a user; an e-mail address is taken once, whatever its case, also by a deleted user. It is never shown.',
  'conflict',
  'constraint_failed',
)
const updateUser = updates(
  resource,
  bodyOfChanges,
  'Changes the fields that are given, and leaves the others as they are; `preferences` are replaced as a whole.',
  'conflict',
  'constraint_failed',
)
const restoreUser = restores(
  resource,
  'Brings a deleted user back, and their name to what they wrote; one who is there is left as they are. An erased user is not found.',
)

/** Mounted under /api/v1. */
export const users = new OpenAPIHono<AppEnv>()
  .openapi(listUsers, (c) => respondList<ListedUser, number | null>(c, list, c.req.valid('query')))
  .openapi(getUser, (c) => respondRow<User>(c, bind(userById, c.req.valid('param'))))
  .openapi(createUser, (c) => respondCreated<User>(c, userChanges, c.req.valid('json')))
  .openapi(updateUser, (c) =>
    respondUpdated<User>(c, userChanges, c.req.valid('param').id, c.req.valid('json')),
  )
  .openapi(deleteUser, (c) => {
    const { id } = c.req.valid('param')
    return c.req.valid('query').erase ? respondErased(c, id) : respondRemoved(c, userChanges, id)
  })
  .openapi(restoreUser, (c) => respondRestored<User>(c, userChanges, c.req.valid('param').id))

/** For exports. */
export const usersReport = listReport(list, userQuery, listedUserSchema)
