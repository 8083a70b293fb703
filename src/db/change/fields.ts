import { is, SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { rfc3339 } from '../instant.ts'
import type { kindTable, TableName } from '../rollup/kinds.ts'

export type ChangedTable = (typeof kindTable)[keyof typeof kindTable]['table']

/** A table whose rows clients write. */
export type Target = {
  readonly name: TableName
  readonly table: ChangedTable
}

/** Its columns by the names of fields that a body may have. */
export type Fields = Readonly<Record<string, PgColumn>>

const instantType = 'timestamp with time zone'
export const quoted = (field: string) => sql.raw(`"${field}"`)

/** Bodies as rows: the column definitions of `jsonb_to_record`, by the names of the fields. */
export const recordOf = (fields: Fields): SQL =>
  listOf(
    Object.entries(fields).map(
      ([field, column]) => sql`${quoted(field)} ${sql.raw(column.getSQLType())}`,
    ),
  )

/** A field of the body `row`, as its column has it: a fifth of what `jsonb_to_record` takes, which pays for many rows. */
export function givenOf(row: SQLWrapper, field: string, column: PgColumn): SQL {
  const key = sql.raw(`'${field}'`)
  const type = column.getSQLType()
  if (type === 'jsonb') return sql`${row}::jsonb -> ${key}`
  if (type === 'text[]')
    return sql`case jsonb_typeof(${row}::jsonb -> ${key}) when 'array' then array(select jsonb_array_elements_text(${row}::jsonb -> ${key})) end`
  return sql`(${row}::jsonb ->> ${key})::${sql.raw(type)}`
}

/** The fields of a row of `relation`, which has its table's columns, as the API shows them: jsonb. */
export const jsonOf = (relation: string, fields: Fields, shownInstant = rfc3339): SQL =>
  sql`jsonb_build_object(${listOf(
    Object.entries(fields).map(([field, column]) => {
      const value = sql.raw(`${relation}."${column.name}"`)
      const shown = column.getSQLType() === instantType ? shownInstant(value) : value
      return sql`${sql.raw(`'${field}'`)}, ${shown}`
    }),
  )})`

/** The columns of a new row and their values, from a row `given` of its fields: what it lacks is as the schema says. */
export function insertionOf(columns: Fields, fields: Fields) {
  const values = Object.entries(columns).map(([field, column]) =>
    valueIn(column, field in fields ? [sql`given.${quoted(field)}`] : []),
  )
  return { columns: namesOf(Object.values(columns)), values: listOf(values) }
}

/** An instant that is not given is that of the creation, as in an import. */
function valueIn(column: PgColumn, given: readonly SQL[]): SQL {
  const isLikeCreation = column.name !== 'created_at' && column.getSQLType() === instantType
  const known = isLikeCreation && column.notNull ? [...given, sql.raw('given."createdAt"')] : given
  const all = column.hasDefault ? [...known, literalOf(column.default)] : known
  return all.length === 1 ? sql`${all[0]}` : sql`coalesce(${listOf(all)})`
}

function literalOf(value: unknown): SQL {
  if (is(value, SQL)) return value
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return sql.raw(typeof value === 'boolean' ? text : `'${text.replaceAll("'", "''")}'`)
}

export const namesOf = (columns: readonly PgColumn[]): SQL =>
  listOf(columns.map(({ name }) => sql.identifier(name)))

export const listOf = (parts: readonly SQLWrapper[]): SQL => sql.join([...parts], sql.raw(', '))
