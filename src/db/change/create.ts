import { type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { audited, type Origin } from '../audit.ts'
import type { Item } from '../list/list.ts'
import { pageOfChanged } from '../list/row.ts'
import { posts, users } from '../schema.ts'
import type { Placeholders } from '../statement.ts'
import { type Fields, givenOf, insertionOf, jsonOf, listOf, quoted, type Target } from './fields.ts'
import { queuedAmong } from './queue.ts'

/** What a new row is made of. */
export type NewRow = Target & {
  /** What a body may have. */
  readonly fields: Fields
  /** Columns beside them that are not as their default: all instants of a new row are that of its creation. */
  readonly atCreation: Readonly<Record<string, PgColumn>>
  /** Fields that name a row of another table, which has to be live. */
  readonly references: Readonly<Record<string, 'user' | 'post'>>
  /** Fields that no two rows have alike, in whatever case. */
  readonly unique?: readonly string[]
}

export type Creation = Origin & {
  /** The body as JSON. */
  readonly row: string
}

export type Created = {
  /** Fields that refer to what is not there or deleted; then nothing was written. */
  readonly missing: readonly string[]
  readonly id: number | null
  readonly json: string | null
  readonly version: string | null
}

/**
 * Inserts a row and its audit row, and shows it as `item`: one row, always. A comment keeps its live post locked, so that no
 * deletion of it can pass the comment by.
 */
export function created(target: NewRow, item: Item, asked: Placeholders<Creation>): SQL<Created> {
  const { name, table, fields, atCreation, references } = target
  const { columns, values } = insertionOf({ ...fields, ...atCreation }, fields)
  const given = Object.entries(fields).map(
    ([field, column]) => sql`${givenOf(asked.row, field, column)} as ${quoted(field)}`,
  )
  const written = sql`(select id, null::jsonb as old, ${jsonOf('changed', fields)} as new from changed) as written`
  return sql<Created>`with given as materialized (
      select ${listOf(given)}
    ),${lockOf(references)} checked as materialized (
      select ${missingOf(references)} as missing from given
    ), changed as (
      insert into ${table} (${columns})
      select ${values}
      from given, checked where missing = '{}'
      returning *, xmin::text as version
    ), audited as (
      ${audited('create', name, written, asked)}
    ), ${pageOfChanged(table, item)}
    select to_json(missing) as missing, shown.id, shown.json, shown.version
    from checked left join (
      select page.id, page.version, concat(${item.json}) as json from page ${item.joins}
    ) as shown on true`
}

function lockOf(references: NewRow['references']): SQL {
  const [field] = Object.entries(references).find(([, to]) => to === 'post') ?? []
  if (field === undefined) return sql.empty()
  const postId = sql`given.${quoted(field)}`
  return sql` ${queuedAmong(postId, sql.raw('given'))}, post as materialized (
      select ${posts.id} from queued, given join ${posts} on ${posts.id} = ${postId}
      where ${posts.deletedAt} is null for share of ${posts}
    ),`
}

/** An array of the names of fields at fault. */
function missingOf(references: NewRow['references']): SQL {
  const faults = Object.entries(references).map(([field, to]) => {
    const name = sql.raw(`'${field}'`)
    if (to === 'post') return sql`case when not exists (select from post) then ${name} end`
    const given = sql`given.${quoted(field)}`
    return sql`case when ${given} is not null and not exists (
        select from ${users} where ${users.id} = ${given} and ${users.deletedAt} is null
      ) then ${name} end`
  })
  return sql`array_remove(array[${listOf(faults)}]::text[], null)`
}
