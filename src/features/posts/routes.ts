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
import { postChanges as bodyOfChanges, newPost } from './bodies.ts'
import { postChanges } from './changes.ts'
import { postExample, postPageExamples } from './examples.ts'
import { postById, postPages } from './queries.ts'
import {
  type ListedPost,
  listedPostSchema,
  type Post,
  postPageSchema,
  postQuery,
  postSchema,
} from './schemas.ts'

const list: List<number | null> = {
  name: 'posts',
  pages: postPages,
  filters: ['author', 'tags', 'properties', 'bounds'],
  isPassedOver: ({ sort }) => sort === 'commentsCount',
}

const listPosts = createRoute({
  method: 'get',
  path: '/posts',
  operationId: 'listPosts',
  security: requires('read'),
  tags: ['Posts'],
  summary: 'Posts by creation or by their number of comments',
  description:
    'Goes on by `cursor`; jumps by `page`, sorted by `createdAt` at the same cost at any depth, sorted by `commentsCount` up to 50,000 rows from either end.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: postQuery },
  responses: read(
    {
      description: 'A page of posts',
      schema: postPageSchema,
      examples: postPageExamples,
      headers: ['Link'],
    },
    'invalid_cursor',
  ),
})

const getPost = createRoute({
  method: 'get',
  path: '/posts/{id}',
  operationId: 'getPost',
  security: requires('read'),
  tags: ['Posts'],
  summary: 'A post with all of its text',
  description: 'A post that was deleted is not found.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: read(
    { description: 'The post', schema: postSchema, examples: postExample },
    'not_found',
  ),
})

const resource = {
  path: '/posts',
  noun: 'Post',
  one: 'a post',
  tag: 'Posts',
  schema: postSchema,
  example: postExample.byId.value,
} as const

const createPost = creates(
  resource,
  newPost,
  'Creates a post. Tags are trimmed, in lower case, and each once.',
  'reference_missing',
  'constraint_failed',
)
const updatePost = updates(
  resource,
  bodyOfChanges,
  'Changes the fields that are given, and leaves the others as they are; `tags` and `metadata` are replaced as a whole.',
  'constraint_failed',
)
const deletePost = removes(resource, 'Deletes a post and hides its comments, until it is restored.')
const restorePost = restores(
  resource,
  'Brings a deleted post back, and exactly those comments that its deletion hid; one that is there is left as it is.',
)

/** Mounted under /api/v1. */
export const posts = new OpenAPIHono<AppEnv>()
  .openapi(listPosts, (c) => respondList<ListedPost, number | null>(c, list, c.req.valid('query')))
  .openapi(getPost, (c) => respondRow<Post>(c, bind(postById, c.req.valid('param'))))
  .openapi(createPost, (c) => respondCreated<Post>(c, postChanges, c.req.valid('json')))
  .openapi(updatePost, (c) =>
    respondUpdated<Post>(c, postChanges, c.req.valid('param').id, c.req.valid('json')),
  )
  .openapi(deletePost, (c) => respondRemoved(c, postChanges, c.req.valid('param').id))
  .openapi(restorePost, (c) => respondRestored<Post>(c, postChanges, c.req.valid('param').id))

/** For exports. */
export const postsReport = listReport(list, postQuery, listedPostSchema)
