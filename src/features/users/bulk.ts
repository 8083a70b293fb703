import { OpenAPIHono } from '@hono/zod-openapi'
import { type CreationOfMany, createdMany } from '../../db/change/create-many.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import { createsMany, respondCreatedMany } from '../../http/bulk.ts'
import type { AppEnv } from '../../http/context.ts'
import { newUser } from './bodies.ts'
import { newUserRow } from './changes.ts'

const createMany = statement(
  'user_create_many',
  { reads: [] },
  (_, asked: Placeholders<CreationOfMany>) => createdMany(newUserRow, asked),
)

const createUsers = createsMany({ path: '/users', noun: 'User' }, newUser, 'conflict')

/** Mounted under /api/v1. */
export const newUsers = new OpenAPIHono<AppEnv>().openapi(createUsers, (c) =>
  respondCreatedMany(c, 'users', createMany, c.req.valid('json').items),
)
