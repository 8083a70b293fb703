import type { Bulk } from '../../db/bulk/bulk.ts'
import { copyFrom } from '../../db/bulk/copy.ts'
import type { ImportFile } from './files.ts'
import { recordsOf } from './records.ts'
import type { SourceRecord } from './source-record.ts'
import { type ImportTable, readRow } from './tables.ts'

/** A file in its staging table. */
export type StagedFile = ImportFile & {
  /** Records of the file, good or bad. */
  readonly rows: number
  readonly unknownColumns: readonly string[]
  /** The table's columns that the file gave. */
  readonly givenColumns: readonly string[]
  /** The instant that stands where the file gave none. */
  readonly now: string
}

/** Characters of COPY text sent at once. */
const chunkLength = 128 * 1024

/** The temporary table that holds a file's rows until they are settled; it is dropped with the connection. */
export const stagingOf = ({ name }: ImportTable): string => `pg_temp.import_${name}`

/**
 * Copies a file into its staging table, each record with its line: a row that can be read in columns of the
 * table's types, any other as a reason.
 * @throws ImportError when the file as a whole cannot be used
 */
export async function stage(
  { sql }: Bulk,
  file: ImportFile,
  onProgress: (rows: number, bytes: number) => void,
  onDelimiter?: (delimiter: string) => void,
): Promise<StagedFile> {
  const { table } = file
  const staging = sql(stagingOf(table))
  const columns = table.columns.map(({ name, sqlType }) => `${name} ${sqlType}`).join(', ')
  // Outside a transaction the driver would lose a failure that comes after the last chunk.
  await sql`begin`
  const [began] = await sql<{ now: string }[]>`select now()::text`
  await sql`create temp table ${sql(`import_${table.name}`)} (line bigint, reason text, ${sql.unsafe(columns)})`

  let rows = 0
  let bytes = 0
  const unknownColumns: string[] = []
  const givenColumns: string[] = []
  const records = recordsOf(file, {
    onRead: (read) => {
      bytes = read
    },
    onColumn: (name, of) => (of === undefined ? unknownColumns.push(name) : givenColumns.push(of)),
    ...(onDelimiter && { onDelimiter }),
  })

  async function* copyText(): AsyncGenerator<Buffer> {
    let text = ''
    for await (const batch of records) {
      for (const record of batch) {
        text += copyLine(table, record)
        rows++
        if (text.length < chunkLength) continue
        yield Buffer.from(text)
        text = ''
        onProgress(rows, bytes)
      }
    }
    yield Buffer.from(text)
    onProgress(rows, bytes)
  }

  await copyFrom(sql, sql`copy ${staging} from stdin`, copyText())
  await sql`analyze ${staging}`
  await sql`commit`
  return { ...file, rows, unknownColumns, givenColumns, now: began?.now ?? '' }
}

/** A line of COPY's text format: line, reason, then the table's columns. */
function copyLine(table: ImportTable, record: SourceRecord): string {
  if (record.reason !== undefined) return refusedLine(table, record, record.reason)
  const { values, reasons } = readRow(table, record.cells)
  if (reasons.length > 0) return refusedLine(table, record, reasons.join('; '))

  let line = `${record.line}\t\\N`
  for (const value of values) line += value === null ? '\t\\N' : `\t${escaped(value)}`
  return `${line}\n`
}

const refusedLine = ({ columns }: ImportTable, { line }: SourceRecord, reason: string) =>
  `${line}\t${escaped(reason)}${'\t\\N'.repeat(columns.length)}\n`

const special = /[\\\t\n\r]/
const escapes = new Map([
  ['\\', '\\\\'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
])

const escaped = (text: string): string =>
  special.test(text) ? text.replace(/[\\\t\n\r]/g, (each) => escapes.get(each) ?? each) : text
