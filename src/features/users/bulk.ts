import { OpenAPIHono } from '@hono/zod-openapi'
import { sql } from 'drizzle-orm'
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

/**
 * One after another: two that have the same addresses in another order would each wait for what the other took, and their retries
 * for each other's. A statement of its own, so that the next one sees what was taken meanwhile.
 */
const queueForEmails = statement<Record<never, never>, unknown>(
  'queue_for_emails',
  { reads: [] },
  () => sql`select pg_advisory_xact_lock(hashtextextended('shopboard.emails', 0))`,
)

const createUsers = createsMany({ path: '/users', noun: 'User' }, newUser, 'conflict')

/** Mounted under /api/v1. */
export const newUsers = new OpenAPIHono<AppEnv>().openapi(createUsers, (c) => {
  const { items } = c.req.valid('json')
  const queue = items.some(({ email }) => email) ? queueForEmails : undefined
  return respondCreatedMany(c, 'users', { createMany, queue }, items)
})
