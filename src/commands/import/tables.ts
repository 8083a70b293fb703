import { getTableConfig, type PgColumn, type PgTable } from 'drizzle-orm/pg-core'
import { kindOfTable, kindTable, type TableName } from '../../db/rollup/kinds.ts'
import { properties } from './properties.ts'
import { tags } from './tags.ts'
import {
  boolean,
  count,
  email,
  id,
  instant,
  type Reader,
  type Reading,
  text,
  username,
} from './values.ts'

export type ImportColumn = {
  readonly name: string
  readonly sqlType: string
  readonly read: Reader
  /** Without it a file cannot be imported. */
  readonly isRequired: boolean
  /** Whether an empty text is another value than none. */
  readonly mayBeEmpty: boolean
  /** The value of an empty cell, as COPY takes it; undefined refuses the row. */
  readonly whenEmpty: string | null | typeof likeCreatedAt | undefined
  /** Where it is kept, if not in the table: in a column of another, by the row's id. */
  readonly beside?: { readonly table: string; readonly key: string; readonly column: string }
}

/** A column whose value is the id of a row of another table. */
export type Reference = {
  readonly column: string
  readonly table: string
  /** It is set null where that row does not exist; else the row is refused. */
  readonly isNullable: boolean
}

export type ImportTable = {
  readonly name: TableName
  readonly columns: readonly ImportColumn[]
  readonly references: readonly Reference[]
  /** Columns whose values are unique, ignoring case. */
  readonly uniqueIgnoringCase: readonly string[]
}

const likeCreatedAt = Symbol('like created_at')

/** How often a post was viewed. */
const views: ImportColumn = {
  name: 'views',
  sqlType: 'bigint',
  read: count,
  isRequired: false,
  mayBeEmpty: false,
  whenEmpty: null,
  beside: { table: 'post_views', key: 'post_id', column: 'n' },
}

/** The tables of an import, parents before children; columns and references are the schema's. */
export const importTables: readonly ImportTable[] = (
  ['users', 'posts', 'comments', 'sessions'] as const
).map((name) => importTableOf(name, kindTable[kindOfTable[name]].table))

/** `created_at`, `createdAt` and `CREATED_AT` are one column. */
export const columnKey = (name: string): string => name.trim().replaceAll('_', '').toLowerCase()

/** The columns a file cannot do without and that are not among these. */
export const missingColumns = ({ columns }: ImportTable, keys: readonly string[]): string[] =>
  columns
    .filter(({ name, isRequired }) => isRequired && !keys.includes(columnKey(name)))
    .map(({ name }) => name)

/**
 * The values of a row as COPY takes them, from its cells in the order of the columns (undefined: not given),
 * and all that is wrong with it.
 */
export function readRow(
  { columns }: ImportTable,
  cells: readonly unknown[],
): { readonly values: (string | null)[]; readonly reasons: string[] } {
  const values: (string | null)[] = []
  const reasons: string[] = []

  columns.forEach((column, at) => {
    const value = readCell(column, cells[at])
    if (typeof value === 'string' || value === null) values[at] = value
    else reasons.push(`${column.name} ${value.reason}`)
  })

  if (reasons.length === 0) {
    const createdAt = values[columns.findIndex(({ name }) => name === 'created_at')] ?? null
    columns.forEach(({ whenEmpty }, at) => {
      if (whenEmpty === likeCreatedAt) values[at] ??= createdAt
    })
  }
  return { values, reasons }
}

/** `likeCreatedAt` is null until the whole row is read. */
function readCell({ read, isRequired, whenEmpty }: ImportColumn, cell: unknown): Reading {
  const value = read(cell)
  if (value !== null) return value
  if (whenEmpty === undefined || (cell === undefined && isRequired)) return { reason: 'is missing' }
  return whenEmpty === likeCreatedAt ? null : whenEmpty
}

/** Those that are the table's own. */
export const ownColumns = ({ columns }: ImportTable): readonly ImportColumn[] =>
  columns.filter(({ beside }) => !beside)

function importTableOf(name: TableName, table: PgTable): ImportTable {
  const { columns, foreignKeys } = getTableConfig(table)
  return {
    name,
    // what PostgreSQL generates nobody gives
    columns: [
      ...columns.filter(({ generated }) => !generated).map(columnOf),
      ...(name === 'posts' ? [views] : []),
    ],
    references: foreignKeys.flatMap((key) => {
      const { columns, foreignTable } = key.reference()
      const target = getTableConfig(foreignTable).name
      return columns.map((column) => ({
        column: column.name,
        table: target,
        isNullable: !column.notNull,
      }))
    }),
    uniqueIgnoringCase: columns.map((column) => column.name).filter((each) => each === 'email'),
  }
}

function columnOf(column: PgColumn): ImportColumn {
  return {
    name: column.name,
    sqlType: column.getSQLType(),
    read: readerOf(column),
    isRequired: column.primary || (column.notNull && !column.hasDefault),
    mayBeEmpty: readerOf(column) === text && !column.notNull,
    whenEmpty: whenEmptyOf(column),
  }
}

function readerOf(column: PgColumn): Reader {
  if (column.name === 'username') return username
  if (column.name === 'email') return email
  switch (column.getSQLType()) {
    case 'bigint':
      return id
    case 'boolean':
      return boolean
    case 'timestamp with time zone':
      return instant
    case 'jsonb':
      return properties
    case 'text[]':
      return tags
    default:
      return text
  }
}

/** An empty CSV field is null; a text that cannot be null is then empty, a time is that of the row's creation. */
function whenEmptyOf(column: PgColumn): ImportColumn['whenEmpty'] {
  if (!column.notNull) return null
  if (column.name === 'created_at') return 'now'
  switch (column.getSQLType()) {
    case 'timestamp with time zone':
      return likeCreatedAt
    case 'boolean':
    case 'jsonb':
      return JSON.stringify(column.default)
    case 'text':
      return column.name === 'username' ? undefined : ''
    default:
      return undefined
  }
}
