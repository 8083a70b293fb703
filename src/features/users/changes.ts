import { sql } from 'drizzle-orm'
import { type Creation, created } from '../../db/change/create.ts'
import { type Restoring, removed, restored } from '../../db/change/remove.ts'
import { type Addressed, type Update, updated } from '../../db/change/update.ts'
import { users } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { Changes } from '../../http/changes.ts'
import { wholeUser } from './item.ts'
import { userById } from './queries.ts'

const target = { name: 'users', table: users } as const
const { username, email, isActive, isAdmin, lastSeenAt, preferences, createdAt, updatedAt } = users
const fields = { username, email, isActive, isAdmin, lastSeenAt, preferences }
const writes = { reads: [] } as const

export const newUserRow = {
  ...target,
  fields: { ...fields, createdAt },
  atCreation: { updatedAt },
  references: {},
  unique: ['email'],
} as const

export const userChanges: Changes = {
  tables: ['users'],
  create: statement('user_create', writes, (_, asked: Placeholders<Creation>) =>
    created(newUserRow, wholeUser, asked),
  ),
  update: statement('user_update', writes, (_, asked: Placeholders<Update>) =>
    updated({ ...target, fields }, asked),
  ),
  remove: statement('user_delete', writes, (_, asked: Placeholders<Addressed>) =>
    removed(target, asked),
  ),
  restore: statement('user_restore', writes, (_, asked: Placeholders<Restoring>) =>
    restored(target, sql`erased_at is null`, asked),
  ),
  byId: userById,
}
