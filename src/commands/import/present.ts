import type { Bulk } from '../../db/bulk/bulk.ts'
import { type StagedFile, stagingOf } from './staging.ts'
import { type ImportColumn, type ImportTable, ownColumns } from './tables.ts'

type Sql = Bulk['sql']

/** A row that was skipped, and the columns in which it says something else than the one in the database. */
export type Difference = { readonly id: number; readonly columns: readonly string[] }

/** Made first in a transaction: rows that are skipped although they differ. */
export const createDifferences = (sql: Sql) =>
  sql`create temp table import_differences (relation text, line bigint, id bigint, columns text[]) on commit drop`

/** Drops the staged rows whose id is in the database, and notes those that differ from it. */
export async function dropPresent(
  sql: Sql,
  file: StagedFile,
): Promise<{ skipped: number; differing: number }> {
  const { table } = file
  const [dropped] = await sql<{ skipped: number; differing: number }[]>`
    with dropped as (
      delete from ${sql(stagingOf(table))} s using ${sql(`public.${table.name}`)} t
      where t.id = s.id and s.reason is null
      returning s.line, s.id, ${differences(sql, file)} as columns
    ),
    noted as (
      insert into pg_temp.import_differences
      select ${table.name}, line, id, columns from dropped where cardinality(columns) > 0
      returning 1
    )
    select (select count(*) from dropped)::float8 as skipped, (select count(*) from noted)::float8 as differing`
  return dropped ?? { skipped: 0, differing: 0 }
}

/** The first of the rows that differ, by their lines. */
export const firstDifferences = (
  sql: Sql,
  { name }: ImportTable,
  most: number,
): Promise<Difference[]> => sql<Difference[]>`
  select id::float8, to_json(columns) as columns from pg_temp.import_differences
  where relation = ${name} order by line limit ${most}`

/** The lines of those rows, with the reason why they were not kept. */
export const differenceReasons = (sql: Sql, { name }: ImportTable) => sql`
  select line, 'id ' || id || ' is there already, with another ' || array_to_string(columns, ', ') as reason
  from pg_temp.import_differences where relation = ${sql.unsafe(`'${name}'`)} order by line`

function differences(sql: Sql, file: StagedFile) {
  const compared = ownColumns(file.table).filter(
    ({ name }) => name !== 'id' && file.givenColumns.includes(name),
  )
  const names = compared.map(
    (column) => sql`case when ${differs(sql, file, column)} then ${column.name}::text end`,
  )
  return sql`array_remove(array[${names.flatMap((each, at) => (at === 0 ? [each] : [sql`, `, each]))}]::text[], null)`
}

/** An instant that the file left out says nothing, and an author that exists nowhere was kept as none. */
function differs(sql: Sql, { table, now }: StagedFile, { name, sqlType }: ImportColumn) {
  const [staged, present] = [sql(`s.${name}`), sql(`t.${name}`)]
  const isOther = sql`${staged} is distinct from ${present}`
  if (sqlType === 'timestamp with time zone')
    return sql`${isOther} and ${staged} is distinct from ${now}::text::timestamptz`
  const reference = table.references.find(({ column, isNullable }) => column === name && isNullable)
  if (!reference) return isOther
  return sql`${isOther} and not (${present} is null and not exists (
    select from ${sql(`public.${reference.table}`)} as parent where parent.id = ${staged}))`
}
