import { OpenAPIHono } from '@hono/zod-openapi'
import { type CreationOfMany, createdMany } from '../../db/change/create-many.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import { createsMany, respondCreatedMany } from '../../http/bulk.ts'
import type { AppEnv } from '../../http/context.ts'
import { newComment } from './bodies.ts'
import { newCommentRow } from './changes.ts'

const createMany = statement(
  'comment_create_many',
  { reads: [] },
  (_, asked: Placeholders<CreationOfMany>) => createdMany(newCommentRow, asked),
)

const createComments = createsMany(
  { path: '/comments', noun: 'Comment' },
  newComment,
  'reference_missing',
)

/** Mounted under /api/v1. */
export const newComments = new OpenAPIHono<AppEnv>().openapi(createComments, (c) =>
  respondCreatedMany(c, 'comments', { createMany }, c.req.valid('json').items),
)
