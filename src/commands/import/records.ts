import { blocksOf } from './bytes.ts'
import { csvRecords } from './csv.ts'
import { ImportError } from './error.ts'
import type { ImportFile } from './files.ts'
import { ndjsonRecords } from './ndjson.ts'
import { columnKey, type ImportTable } from './tables.ts'

/** A record of a file: its cells in the order of the table's columns, or why it has none. */
export type SourceRecord = {
  /** The physical line it starts on, from 1. */
  readonly line: number
  /** As JSON where the record could be read, else the line as it stands. */
  readonly original: () => string
} & ({ readonly cells: readonly unknown[]; readonly reason?: never } | { readonly reason: string })

export type ReadOptions = {
  /** Bytes read from the disk so far. */
  readonly onRead: (bytes: number) => void
  /** Called once for each column that is not the table's. */
  readonly onUnknown: (column: string) => void
}

/** Reads the records of a file in batches. @throws ImportError when the file as a whole cannot be used */
export function recordsOf(
  file: ImportFile,
  { onRead, onUnknown }: ReadOptions,
): AsyncGenerator<SourceRecord[]> {
  const blocks = blocksOf(file, onRead)
  if (file.format === 'ndjson') return ndjsonRecords(file.table, blocks, onUnknown)
  return underHeader(file, csvRecords(blocks), onUnknown)
}

async function* underHeader(
  file: ImportFile,
  batches: ReturnType<typeof csvRecords>,
  onUnknown: ReadOptions['onUnknown'],
): AsyncGenerator<SourceRecord[]> {
  let header: Header | undefined
  for await (const batch of batches) {
    const records: SourceRecord[] = []
    for (const { line, text, ...record } of batch) {
      if (!header) {
        if (record.reason !== undefined) {
          throw new ImportError(`${file.name}: the header cannot be read: ${record.reason}.`)
        }
        header = readHeader(file, record.fields, onUnknown)
      } else if (record.reason !== undefined) {
        records.push({ line, reason: record.reason, original: text })
      } else if (record.fields.length !== header.names.length) {
        const reason = `${record.fields.length} columns where the header has ${header.names.length}`
        records.push({ line, reason, original: text })
      } else {
        records.push(underNames(header, line, record.fields))
      }
    }
    yield records
  }
}

type Header = {
  readonly names: readonly string[]
  /** For each column of the table, where it stands in the file; −1: nowhere. */
  readonly positions: readonly number[]
}

function readHeader(
  { name, table }: ImportFile,
  names: readonly string[],
  onUnknown: ReadOptions['onUnknown'],
): Header {
  const keys = names.map(columnKey)
  const known = table.columns.map((column) => columnKey(column.name))
  names.forEach((each, at) => {
    if (!known.includes(keys[at] ?? '')) onUnknown(each.trim())
  })

  const missing = missingColumns(table, keys)
  if (missing.length > 0) {
    const found = names.map((each) => each.trim()).join(', ')
    throw new ImportError(
      `${name} has no column ${missing.join(' and no ')}; its header: ${found}.`,
    )
  }
  const twice = table.columns.find((_, at) => keys.filter((key) => key === known[at]).length > 1)
  if (twice) throw new ImportError(`${name} has the column ${twice.name} twice.`)
  return { names, positions: known.map((key) => keys.indexOf(key)) }
}

const missingColumns = ({ columns }: ImportTable, keys: readonly string[]): string[] =>
  columns
    .filter(({ name, isRequired }) => isRequired && !keys.includes(columnKey(name)))
    .map(({ name }) => name)

function underNames(header: Header, line: number, fields: readonly string[]): SourceRecord {
  return {
    line,
    cells: header.positions.map((at) => (at < 0 ? undefined : fields[at] || null)),
    original: () =>
      JSON.stringify(Object.fromEntries(header.names.map((name, at) => [name.trim(), fields[at]]))),
  }
}
