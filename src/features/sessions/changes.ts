import { sql } from 'drizzle-orm'
import { type Creation, created } from '../../db/change/create.ts'
import { type Restoring, removed, restored } from '../../db/change/remove.ts'
import { type Addressed, type Update, updated } from '../../db/change/update.ts'
import { sessions } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { Changes } from '../../http/changes.ts'
import { session } from './item.ts'
import { sessionById } from './queries.ts'

const target = { name: 'sessions', table: sessions } as const
const { userId, createdAt, lastSeenAt } = sessions
const writes = { reads: [] } as const

export const newSessionRow = {
  ...target,
  fields: { userId, createdAt, lastSeenAt },
  atCreation: {},
  references: { userId: 'user' },
} as const

export const sessionChanges: Changes = {
  tables: ['sessions'],
  create: statement('session_create', writes, (_, asked: Placeholders<Creation>) =>
    created(newSessionRow, session, asked),
  ),
  update: statement('session_update', writes, (_, asked: Placeholders<Update>) =>
    updated({ ...target, fields: { lastSeenAt } }, asked),
  ),
  remove: statement('session_delete', writes, (_, asked: Placeholders<Addressed>) =>
    removed(target, asked),
  ),
  restore: statement('session_restore', writes, (_, asked: Placeholders<Restoring>) =>
    restored(target, sql`true`, asked),
  ),
  byId: sessionById,
}
