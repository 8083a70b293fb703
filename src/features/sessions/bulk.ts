import { OpenAPIHono } from '@hono/zod-openapi'
import { type CreationOfMany, createdMany } from '../../db/change/create-many.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import { createsMany, respondCreatedMany } from '../../http/bulk.ts'
import type { AppEnv } from '../../http/context.ts'
import { newSession } from './bodies.ts'
import { newSessionRow } from './changes.ts'

const createMany = statement(
  'session_create_many',
  { reads: [] },
  (_, asked: Placeholders<CreationOfMany>) => createdMany(newSessionRow, asked),
)

const createSessions = createsMany(
  { path: '/sessions', noun: 'Session' },
  newSession,
  'reference_missing',
)

/** Mounted under /api/v1. */
export const newSessions = new OpenAPIHono<AppEnv>().openapi(createSessions, (c) =>
  respondCreatedMany(c, 'sessions', { createMany }, c.req.valid('json').items),
)
