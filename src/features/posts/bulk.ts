import { OpenAPIHono } from '@hono/zod-openapi'
import { type CreationOfMany, createdMany } from '../../db/change/create-many.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import { createsMany, respondCreatedMany } from '../../http/bulk.ts'
import type { AppEnv } from '../../http/context.ts'
import { newPost } from './bodies.ts'
import { newPostRow } from './changes.ts'

const createMany = statement(
  'post_create_many',
  { reads: [] },
  (_, asked: Placeholders<CreationOfMany>) => createdMany(newPostRow, asked),
)

const createPosts = createsMany({ path: '/posts', noun: 'Post' }, newPost, 'reference_missing')

/** Mounted under /api/v1. */
export const newPosts = new OpenAPIHono<AppEnv>().openapi(createPosts, (c) =>
  respondCreatedMany(c, 'posts', { createMany }, c.req.valid('json').items),
)
