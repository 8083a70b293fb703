import { abbreviated } from './abbreviated.ts'
import { blocksOf } from './bytes.ts'
import { type CsvRecord, csvRecords, isEmptyText } from './csv.ts'
import { delimiterName, delimiterOf } from './delimiter.ts'
import { ImportError } from './error.ts'
import type { ImportFile } from './files.ts'
import { ndjsonRecords } from './ndjson.ts'
import { type OnColumn, reasonColumn, type SourceRecord } from './source-record.ts'
import { columnKey, missingColumns } from './tables.ts'

export type ReadOptions = {
  /** Bytes read from the disk so far. */
  readonly onRead: (bytes: number) => void
  readonly onColumn: OnColumn
  /** Of CSV: what separates its fields. */
  readonly onDelimiter?: (delimiter: string) => void
}

/**
 * Reads the records of a file in batches.
 * @throws ImportError when the file as a whole cannot be used
 */
export function recordsOf(
  file: ImportFile,
  { onRead, onColumn, onDelimiter }: ReadOptions,
): AsyncGenerator<SourceRecord[]> {
  const blocks = blocksOf(file, onRead)
  if (file.format === 'ndjson') return ndjsonRecords(file.table, blocks, onColumn)
  let delimiter = ','
  const records = csvRecords(blocks, (start) => {
    delimiter = delimiterOf(file, start)
    onDelimiter?.(delimiter)
    return delimiter
  })
  return underHeader(records, (first) => readHeader(file, first, delimiter, onColumn))
}

async function* underHeader(
  batches: AsyncIterable<CsvRecord[]>,
  headerOf: (first: CsvRecord) => Header,
): AsyncGenerator<SourceRecord[]> {
  let header: Header | undefined
  for await (const batch of batches) {
    const [first] = batch
    if (!first) continue
    const known = header ?? headerOf(first)
    const rows = header ? batch : batch.slice(1)
    header = known
    yield rows.map((row) => sourceRecordOf(known, row))
  }
}

function sourceRecordOf(header: Header, record: CsvRecord): SourceRecord {
  const { names, positions, maybeEmpty, delimiter } = header
  const { line, reason, fields } = record
  if (reason !== undefined) return { line, reason }
  if (fields.length !== names.length) {
    const own = columnKey(names.at(-1) ?? '') === columnKey(reasonColumn) ? 1 : 0
    const [found, wanted] = [fields.length - own, names.length - own]
    return { line, reason: `${found} columns where the header has ${wanted}` }
  }
  const cells = positions.map((at) => (at < 0 ? undefined : fields[at] || null))
  for (const column of maybeEmpty) {
    if (cells[column] === null && isEmptyText(record, positions[column] ?? -1, delimiter))
      cells[column] = ''
  }
  return { line, cells }
}

type Header = {
  readonly names: readonly string[]
  /** For each column of the table, where it stands in the file; −1: nowhere. */
  readonly positions: readonly number[]
  /** The columns of the table in which an empty text is no null. */
  readonly maybeEmpty: readonly number[]
  readonly delimiter: string
}

function readHeader(
  { name, table }: ImportFile,
  { fields: names, reason }: CsvRecord,
  delimiter: string,
  onColumn: OnColumn,
): Header {
  if (reason !== undefined) throw new ImportError(`${name}: the header cannot be read: ${reason}.`)
  const keys = names.map(columnKey)
  const known = table.columns.map((column) => columnKey(column.name))
  names.forEach((each, at) => {
    if (keys[at] !== columnKey(reasonColumn))
      onColumn(each.trim(), table.columns[known.indexOf(keys[at] ?? '')]?.name)
  })

  const missing = missingColumns(table, keys)
  if (missing.length > 0) {
    const found = abbreviated(names.map((each) => each.trim()))
    throw new ImportError(
      `${name} has no column ${missing.join(' and no ')}; its header: ${found}. ${separation(names, delimiter)}`.trim(),
    )
  }
  const twice = table.columns.find((_, at) => keys.filter((key) => key === known[at]).length > 1)
  if (twice) throw new ImportError(`${name} has the column ${twice.name} twice.`)
  const maybeEmpty = table.columns.flatMap(({ mayBeEmpty }, at) => (mayBeEmpty ? at : []))
  return { names, positions: known.map((key) => keys.indexOf(key)), maybeEmpty, delimiter }
}

/** What a header without the needed columns has to say of what separates them. */
function separation({ length }: readonly string[], delimiter: string): string {
  if (length === 1) return 'If its columns are separated by something else: --delimiter.'
  return delimiter === ',' ? '' : `It seems to be separated by ${delimiterName(delimiter)}.`
}
