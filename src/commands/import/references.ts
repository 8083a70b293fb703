import type { Bulk } from '../../db/bulk.ts'
import { stagingOf } from './staging.ts'
import type { ImportTable, Reference } from './tables.ts'

type Sql = Bulk['sql']

/** When the rows that imported ones refer to are locked: whoever deletes one waits from then on until the commit. */
export type Locking = 'at once' | 'at the end'

/** A row that others refer to was deleted while they were imported. */
export class ParentDeleted extends Error {
  override readonly name = 'ParentDeleted'
}

/** Made first in a transaction: rows of others that imported ones refer to. */
export const createParents = (sql: Sql) =>
  sql`create temp table import_parents (relation text, id bigint) on commit drop`

/**
 * Settles every reference against the rows there are, and notes which of them are others': rows of this import need no
 * lock, nobody else sees them. Returns how many rows had a nullable reference set null.
 */
export async function settleReferences(
  sql: Sql,
  table: ImportTable,
  locking: Locking,
): Promise<number> {
  let setNull = 0
  for (const reference of table.references) {
    const changed = await settleReference(sql, table, reference, locking)
    if (reference.isNullable) setNull += changed
  }
  return setNull
}

async function settleReference(
  sql: Sql,
  table: ImportTable,
  { column, table: target, isNullable }: Reference,
  locking: Locking,
): Promise<number> {
  const staging = sql(stagingOf(table))
  const parent = sql(`public.${target}`)
  const isNamed = sql`t.id in (select ${sql(column)} from ${staging} where reason is null)`
  await sql`
    with parents as (
      select t.id from ${parent} t where ${isNamed} and t.xmin <> pg_current_xact_id()::xid
      order by t.id ${locking === 'at once' ? sql`for key share` : sql``}
    )
    insert into pg_temp.import_parents select ${target}, id from parents`
  const settled = isNullable
    ? sql`${sql(column)} = null`
    : sql`reason = format('%s %s exists nowhere', ${column}::text, ${sql(column)})`
  const changed = await sql`
    with present as materialized (
      select id from pg_temp.import_parents where relation = ${target}
      union all
      select t.id from ${parent} t where ${isNamed} and t.xmin = pg_current_xact_id()::xid
    )
    update ${staging} s set ${settled}
    where reason is null and ${sql(column)} is not null
      and not exists (select from present where present.id = s.${sql(column)})`
  return changed.count
}

/**
 * Foreign keys that go unchecked hold at the commit all the same: nobody can delete a parent any more.
 * @throws ParentDeleted when somebody did
 */
export async function lockParents(sql: Sql, tables: readonly ImportTable[]): Promise<void> {
  for (const target of new Set(tables.flatMap((table) => table.references.map((r) => r.table)))) {
    const [parents] = await sql<{ noted: number; locked: number }[]>`
      with locked as materialized (
        select t.id from ${sql(`public.${target}`)} t
        where t.id in (select id from pg_temp.import_parents where relation = ${target})
        order by t.id for key share
      )
      select (select count(*) from locked)::integer as locked,
        (select count(distinct id) from pg_temp.import_parents where relation = ${target})::integer as noted`
    if (parents?.locked !== parents?.noted) {
      throw new ParentDeleted(`Some ${target} were deleted that imported rows refer to.`)
    }
  }
}
