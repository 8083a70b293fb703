import { type SQL, sql } from 'drizzle-orm'
import { audited, type Origin } from '../audit.ts'
import { lastInstant, nearestRfc3339 } from '../instant.ts'
import { type ById, versionOf } from '../list/row.ts'
import type { Placeholders } from '../statement.ts'
import { type Fields, givenOf, jsonOf, listOf, namesOf, type Target } from './fields.ts'

/** One row, and the versions of it that the client takes it for; null where it may be any. */
export type Addressed = Origin & ById & { readonly versions: readonly string[] | null }

export type Update = Addressed & {
  /** The body as JSON: the fields to change. */
  readonly row: string
}

/** Whether the row that was found has one of the versions; no row where there is no live one. */
export type Match = { readonly isMatch: boolean }

/** Changes the fields that `row` has, and writes what became of them to the audit log; nothing where nothing changes. */
export function updated(
  { name, table, fields }: Target & { readonly fields: Fields },
  asked: Placeholders<Update>,
): SQL<Match> {
  const { id, row, versions } = asked
  const columns = Object.entries(fields)
  const next = columns.map(
    ([field, column]) =>
      sql`case when ${row}::jsonb ? ${sql.raw(`'${field}'`)} then ${givenOf(row, field, column)} else found.${sql.identifier(column.name)} end as ${sql.identifier(column.name)}`,
  )
  const settings = columns.map(
    ([, { name: column }]) => sql`${sql.identifier(column)} = next.${sql.identifier(column)}`,
  )
  const updatedAt =
    'updatedAt' in table
      ? sql`, updated_at = least(greatest(now(), ${table.updatedAt} + interval '1 microsecond'), ${lastInstant})`
      : sql.empty()
  return sql<Match>`with found as materialized (
      select id, ${isMatch(table, versions)}, ${namesOf(Object.values(fields))}
      from ${table} where id = ${id}::bigint and deleted_at is null for no key update
    ), next as materialized (
      select ${listOf(next)} from found
    ), compared as materialized (
      select id, ${jsonOf('found', fields, nearestRfc3339)} as before, ${jsonOf('next', fields, nearestRfc3339)} as after
      from found, next where "isMatch"
    ), differing as materialized (
      select id, jsonb_object_agg(key, before -> key) as old, jsonb_object_agg(key, value) as new
      from compared, jsonb_each(after) where value is distinct from before -> key
      group by id
    ), changed as (
      update ${table} set ${listOf(settings)}${updatedAt}
      from next, differing where ${table.id} = differing.id
      returning ${table.id} as id, old, new
    ), audited as (
      ${audited('update', name, sql.raw('changed'), asked)}
    )
    select "isMatch" from found`
}

/** The column `isMatch`. */
export const isMatch = (
  table: Target['table'],
  versions: Placeholders<Addressed>['versions'],
): SQL =>
  sql`(${versions}::text[] is null or ${versionOf(table)} = any (${versions}::text[])) as "isMatch"`
