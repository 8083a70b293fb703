import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import { bind } from '../../db/bound-statement.ts'
import type { AppEnv } from '../../http/context.ts'
import { requestHeaders } from '../../http/contract.ts'
import { type List, respondList } from '../../http/paging/list.ts'
import { pathId } from '../../http/parameters.ts'
import { read } from '../../http/responses.ts'
import { respondRow } from '../../http/row.ts'
import { requires } from '../../http/security.ts'
import { takesNoQuery } from '../../http/validation.ts'
import { postExample, postPageExamples } from './examples.ts'
import { postById, postPages } from './queries.ts'
import { type ListedPost, type Post, postPageSchema, postQuery, postSchema } from './schemas.ts'

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

/** Mounted under /api/v1. */
export const posts = new OpenAPIHono<AppEnv>()
  .openapi(listPosts, (c) => respondList<ListedPost, number | null>(c, list, c.req.valid('query')))
  .openapi(getPost, (c) => respondRow<Post>(c, bind(postById, c.req.valid('param'))))
