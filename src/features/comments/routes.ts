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
import { commentChanges as bodyOfChanges, newComment } from './bodies.ts'
import { commentChanges } from './changes.ts'
import { commentExample, commentPageExamples } from './examples.ts'
import { commentById, commentPages } from './queries.ts'
import { type Comment, commentPageSchema, commentQuery, commentSchema } from './schemas.ts'

const list: List<number> = {
  name: 'comments',
  pages: commentPages,
  filters: ['author', 'post', 'bounds'],
  isPassedOver: ({ filters }) => filters.includes('post'),
}

const listComments = createRoute({
  method: 'get',
  path: '/comments',
  operationId: 'listComments',
  security: requires('read'),
  tags: ['Comments'],
  summary: 'Comments, newest or oldest first',
  description:
    'Goes on by `cursor`; jumps by `page` at the same cost at any depth, of one post up to 50,000 rows from either end.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: commentQuery },
  responses: read(
    {
      description: 'A page of comments',
      schema: commentPageSchema,
      examples: commentPageExamples,
      headers: ['Link'],
    },
    'invalid_cursor',
  ),
})

const getComment = createRoute({
  method: 'get',
  path: '/comments/{id}',
  operationId: 'getComment',
  security: requires('read'),
  tags: ['Comments'],
  summary: 'A comment with all of its text',
  description: 'A comment that was deleted is not found.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: read(
    { description: 'The comment', schema: commentSchema, examples: commentExample },
    'not_found',
  ),
})

const resource = {
  path: '/comments',
  noun: 'Comment',
  one: 'a comment',
  tag: 'Comments',
  schema: commentSchema,
  example: commentExample.byId.value,
} as const

const createComment = creates(
  resource,
  newComment,
  'Creates a comment on a post that is there.',
  'reference_missing',
  'constraint_failed',
)
const updateComment = updates(
  resource,
  bodyOfChanges,
  'Changes the text of a comment.',
  'constraint_failed',
)
const deleteComment = removes(resource, 'Deletes a comment until it is restored.')
const restoreComment = restores(
  resource,
  'Brings a deleted comment back; one that is there is left as it is. While its post is deleted: 409.',
  'conflict',
)

/** Mounted under /api/v1. */
export const comments = new OpenAPIHono<AppEnv>()
  .openapi(listComments, (c) => respondList<Comment, number>(c, list, c.req.valid('query')))
  .openapi(getComment, (c) => respondRow<Comment>(c, bind(commentById, c.req.valid('param'))))
  .openapi(createComment, (c) => respondCreated<Comment>(c, commentChanges, c.req.valid('json')))
  .openapi(updateComment, (c) =>
    respondUpdated<Comment>(c, commentChanges, c.req.valid('param').id, c.req.valid('json')),
  )
  .openapi(deleteComment, (c) => respondRemoved(c, commentChanges, c.req.valid('param').id))
  .openapi(restoreComment, (c) =>
    respondRestored<Comment>(c, commentChanges, c.req.valid('param').id),
  )

/** For exports. */
export const commentsReport = listReport(list, commentQuery, commentSchema)
