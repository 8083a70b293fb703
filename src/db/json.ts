import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { users } from './schema.ts'

/** A text, or null. */
export const jsonText = (text: SQLWrapper): SQL => sql`coalesce(to_json(${text})::text, 'null')`

/** The joined user as `{"id","username"}`; null where the account is gone or was never known. */
export const jsonUser: SQL = sql`coalesce('{"id":' || ${users.id} || ',"username":' || to_json(${users.username}) || '}', 'null')`

/** Joins the live account of `userId` for `jsonUser`. */
export const joinUser = (userId: SQL): SQL =>
  sql`left join ${users} on ${users.deletedAt} is null and ${users.id} = ${userId}`
