import { blocksOf } from './bytes.ts'
import { type CsvRecord, csvRecords } from './csv.ts'
import { ImportError } from './error.ts'
import type { ImportFile } from './files.ts'
import { ndjsonRecords } from './ndjson.ts'
import type { OnUnknownColumn, SourceRecord } from './source-record.ts'
import { columnKey, type ImportTable } from './tables.ts'

export type ReadOptions = {
  /** Bytes read from the disk so far. */
  readonly onRead: (bytes: number) => void
  readonly onUnknown: OnUnknownColumn
}

/**
 * Reads the records of a file in batches.
 * @throws ImportError when the file as a whole cannot be used
 */
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
  batches: AsyncIterable<CsvRecord[]>,
  onUnknown: OnUnknownColumn,
): AsyncGenerator<SourceRecord[]> {
  let header: Header | undefined
  for await (const batch of batches) {
    const [first] = batch
    if (!first) continue
    const known = header ?? readHeader(file, first, onUnknown)
    const rows = header ? batch : batch.slice(1)
    header = known
    yield rows.map((row) => sourceRecordOf(known, row))
  }
}

function sourceRecordOf({ names, positions }: Header, record: CsvRecord): SourceRecord {
  const { line, text: original, reason, fields } = record
  if (reason !== undefined) return { line, reason, original }
  if (fields.length !== names.length) {
    const mismatch = `${fields.length} columns where the header has ${names.length}`
    return { line, reason: mismatch, original }
  }
  return {
    line,
    cells: positions.map((at) => (at < 0 ? undefined : fields[at] || null)),
    original: () =>
      JSON.stringify(Object.fromEntries(names.map((name, at) => [name.trim(), fields[at]]))),
  }
}

type Header = {
  readonly names: readonly string[]
  /** For each column of the table, where it stands in the file; −1: nowhere. */
  readonly positions: readonly number[]
}

function readHeader(
  { name, table }: ImportFile,
  { fields: names, reason }: CsvRecord,
  onUnknown: OnUnknownColumn,
): Header {
  if (reason !== undefined) throw new ImportError(`${name}: the header cannot be read: ${reason}.`)
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
