import { type SQL, sql } from 'drizzle-orm'
import { audited, type Origin } from '../audit.ts'
import { nearestRfc3339 } from '../instant.ts'
import type { ById } from '../list/row.ts'
import type { Placeholders } from '../statement.ts'
import type { Target } from './fields.ts'
import { type Addressed, isMatch, type Match } from './update.ts'

export type Restoring = Origin & ById

/** Deletes a live row softly. */
export const removed = (
  { name, table }: Target,
  asked: Placeholders<Addressed>,
): SQL<Match> => sql<Match>`with found as materialized (
      select id, ${isMatch(table, asked.versions)}
      from ${table} where id = ${asked.id}::bigint and deleted_at is null for no key update
    ), changed as (
      update ${table} set deleted_at = now() from found where ${table.id} = found.id and "isMatch"
      returning ${table.id} as id, ${noDeletion} as old, ${deletion(sql`now()`)} as new
    ), audited as (
      ${audited('delete', name, sql.raw('changed'), asked)}
    )
    select "isMatch" from found`

/** Brings a deleted row back that `restorable` holds for: its id, also of a live one; no row where there is none. */
export const restored = (
  { name, table }: Target,
  restorable: SQL,
  asked: Placeholders<Restoring>,
): SQL<ById> => sql<ById>`with found as materialized (
      select id, deleted_at from ${table} where id = ${asked.id}::bigint and ${restorable} for no key update
    ), changed as (
      update ${table} set deleted_at = null from found where ${table.id} = found.id and found.deleted_at is not null
      returning ${table.id} as id, ${deletion(sql`found.deleted_at`)} as old, ${noDeletion} as new
    ), audited as (
      ${audited('restore', name, sql.raw('changed'), asked)}
    )
    select id from found`

export const noDeletion = sql`'{"deletedAt": null}'::jsonb`
export const deletion = (at: SQL): SQL =>
  sql`jsonb_build_object('deletedAt', ${nearestRfc3339(at)})`
