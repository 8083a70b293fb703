import type { Bulk } from '../../db/bulk/bulk.ts'
import { stagingOf } from './staging.ts'
import type { ImportTable, Reference } from './tables.ts'

type Sql = Bulk['sql']

/** When the rows that imported ones refer to are locked: whoever deletes one waits from then on until the commit. */
export type Locking = 'at once' | 'at the end'

/** A row that others refer to was deleted while they were imported. */
export class ParentDeleted extends Error {
  override readonly name = 'ParentDeleted'
}

/** Made first in a transaction: rows that imported ones refer to and the import did not bring. */
export const createParents = (sql: Sql) =>
  sql`create temp table import_parents (relation text, id bigint, is_there boolean) on commit drop`

/**
 * Settles every reference against the rows there are. Those of this import, in the `staged` tables before this one, need
 * no lock: nobody else sees them. Returns how many rows had a nullable reference set null.
 */
export async function settleReferences(
  sql: Sql,
  table: ImportTable,
  staged: readonly ImportTable[],
  locking: Locking,
): Promise<number> {
  let setNull = 0
  for (const reference of table.references) {
    const changed = await settleReference(sql, table, reference, staged, locking)
    if (reference.isNullable) setNull += changed
  }
  return setNull
}

async function settleReference(
  sql: Sql,
  table: ImportTable,
  { column, table: target, isNullable }: Reference,
  staged: readonly ImportTable[],
  locking: Locking,
): Promise<number> {
  const staging = sql(stagingOf(table))
  const own = staged.find(({ name }) => name === target)
  const isOwn = own
    ? sql`exists (select from ${sql(stagingOf(own))} o where o.id = s.${sql(column)} and o.reason is null)`
    : sql`false`
  await sql`
    with named as materialized (
      select distinct ${sql(column)} as id from ${staging} s
      where reason is null and ${sql(column)} is not null and not ${isOwn}
    ),
    found as materialized (
      select t.id from ${sql(`public.${target}`)} t where t.id in (select id from named)
      order by t.id ${locking === 'at once' ? sql`for key share` : sql``}
    )
    insert into pg_temp.import_parents
    select ${target}, id, found.id is not null from named left join found using (id)`
  const settled = isNullable
    ? sql`${sql(column)} = null`
    : sql`reason = format('%s %s exists nowhere', ${column}::text, ${sql(column)})`
  const changed = await sql`
    update ${staging} s set ${settled}
    where reason is null and ${sql(column)} in (
      select id from pg_temp.import_parents where relation = ${target} and not is_there
    )`
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
        where t.id in (select id from pg_temp.import_parents where relation = ${target} and is_there)
        order by t.id for key share
      )
      select (select count(*) from locked)::integer as locked,
        (select count(distinct id) from pg_temp.import_parents where relation = ${target} and is_there)::integer as noted`
    if (parents?.locked !== parents?.noted) {
      throw new ParentDeleted(`Some ${target} were deleted that imported rows refer to.`)
    }
  }
}
