import type { ImportColumn, ImportTable } from '../import/tables.ts'

export type Format = 'csv' | 'ndjson'

/** What stands above the rows. */
export const headerOf = ({ columns }: ImportTable, format: Format): string =>
  format === 'csv' ? `${columns.map(({ name }) => name).join()}\n` : ''

/** The rows of a table in the order of their ids, deleted ones too: a query that gives each as one text, `line`. */
export const linesOf = (table: ImportTable, format: Format): string =>
  `select ${format === 'csv' ? csvLine(table) : ndjsonLine(table)} as line from public.${table.name} as t order by t.id`

/** RFC 4180. Texts stand in quotes, so that an empty one is told from none. */
const csvLine = ({ columns }: ImportTable): string =>
  `concat(${columns.map(csvField).join(`, ',', `)}, E'\\n')`

function csvField(column: ImportColumn): string {
  const value = valueIn(column)
  switch (column.sqlType) {
    case 'text':
      return quoted(value)
    case 'text[]':
      return quoted(`to_json(${value})::text`)
    case 'jsonb':
      return `case when ${value} <> '{}' then ${quoted(`${value}::text`)} end`
    default:
      return plain(column, value)
  }
}

const quoted = (text: string) => `'"' || replace(${text}, '"', '""') || '"'`

const ndjsonLine = ({ columns }: ImportTable): string =>
  `concat('{', ${columns
    .map((column) => `'"${column.name}":', coalesce(${jsonOf(column)}, 'null')`)
    .join(`, ',', `)}, E'}\\n')`

function jsonOf(column: ImportColumn): string {
  const value = valueIn(column)
  switch (column.sqlType) {
    case 'text':
    case 'text[]':
      return `to_json(${value})::text`
    case 'timestamp with time zone':
      return `'"' || ${plain(column, value)} || '"'`
    default:
      return plain(column, value)
  }
}

/** What neither format has to escape. An instant that RFC 3339 cannot write stands as PostgreSQL prints it. */
const plain = ({ sqlType }: ImportColumn, value: string): string =>
  sqlType === 'timestamp with time zone'
    ? `case when ${value} >= '0001-01-01T00:00:00Z' and ${value} < '10000-01-01T00:00:00Z'
        then to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') else ${value}::text end`
    : `${value}::text`

const valueIn = ({ name, beside }: ImportColumn): string =>
  beside
    ? `(select ${beside.column} from public.${beside.table} where ${beside.key} = t.id)`
    : `t.${name}`
