import { isUtf8 } from 'node:buffer'
import { CsvError, parse } from 'csv-parse/sync'
import { type Block, overlong, recordLimit } from './bytes.ts'

/** A record and the physical line it starts on, or what is wrong with that line. */
export type CsvRecord = {
  readonly line: number
  /** As it stands in the file, with its line's end. */
  readonly bytes: () => Buffer
} & (
  | { readonly fields: readonly string[]; readonly reason?: never }
  | { readonly reason: string; readonly fields?: never }
)

const newline = 10

/**
 * The records of a CSV file (RFC 4180, LF or CRLF), in batches; what separates their fields follows from its first block. Of a broken record only the first physical line is
 * lost and reading goes on with the next, so that an unclosed quote takes no good record along.
 */
export async function* csvRecords(
  blocks: AsyncIterable<Block>,
  delimiterOf: (start: Buffer) => string = () => ',',
): AsyncGenerator<CsvRecord[]> {
  let delimiter: string | undefined
  let held: Buffer = Buffer.alloc(0)
  let line = 1
  /** Bytes from which an open record is parsed again: twice what it had, so that the work stays linear. */
  let parseFrom = 0

  const take = (isLast: boolean): CsvRecord[] => {
    const read = readRecords(held, line, delimiter ?? ',', isLast || held.length > recordLimit)
    held = held.subarray(read.bytes)
    line = read.line
    parseFrom = held.length * 2
    return read.records
  }

  for await (const { bytes, isOverlong } of blocks) {
    if (isOverlong) {
      yield take(true)
      yield [{ line: line++, reason: overlong, bytes: () => bytes }]
      continue
    }
    delimiter ??= delimiterOf(bytes)
    held = held.length > 0 ? Buffer.concat([held, bytes]) : bytes
    if (held.length >= Math.min(parseFrom, recordLimit)) yield take(false)
  }
  yield take(true)
}

/** Whether the empty field stands as two quotes, as PostgreSQL writes an empty text; nothing at all is null. */
export function isEmptyText({ bytes }: CsvRecord, field: number, delimiter: string): boolean {
  const record = bytes()
  if (!record.includes('""')) return false
  const text = record.toString().replace(/\r?\n$/, '')
  const pair = `""${delimiter}`
  if (!text.startsWith(pair) && !text.includes(`${delimiter}${pair}`) && !text.endsWith('""'))
    return false
  // inside a longer text it is met too
  let isQuoted = false
  parse(text, {
    delimiter,
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true,
    cast(value, { index, quoting }) {
      if (index === field) isQuoted = quoting
      return value
    },
  })
  return isQuoted
}

type Read = { readonly records: CsvRecord[]; readonly bytes: number; readonly line: number }

/** Reads up to the end, or, unless `isLast`, up to a record whose closing quote is still to come. */
function readRecords(bytes: Buffer, firstLine: number, delimiter: string, isLast: boolean): Read {
  const records: CsvRecord[] = []
  const mayBeInvalid = !isUtf8(bytes)
  let at = 0
  let line = firstLine

  while (at < bytes.length) {
    const start = at
    const error = parseError(bytes.subarray(start), delimiter, (fields, recordEnd) => {
      const [from, to] = [at, start + recordEnd]
      const original = () => bytes.subarray(from, to)
      if (mayBeInvalid && !isUtf8(bytes.subarray(from, to))) {
        records.push({ line, reason: 'the text is not UTF-8', bytes: original })
      } else if (fields.length > 1 || fields[0] !== '') {
        records.push({ line, fields, bytes: original })
      }
      line += newlinesIn(bytes, from, to)
      at = to
    })
    if (!error || (error.code === 'CSV_QUOTE_NOT_CLOSED' && !isLast)) break

    const [from, to] = [at, bytes.indexOf(newline, at) + 1 || bytes.length]
    records.push({ line, reason: reasonOf(error), bytes: () => bytes.subarray(from, to) })
    line++
    at = to
  }
  return { records, bytes: at, line }
}

/** Hands over each good record with the offset of its end, up to the first broken one. */
function parseError(
  bytes: Buffer,
  delimiter: string,
  onRecord: (fields: string[], end: number) => void,
): CsvError | undefined {
  try {
    parse(bytes, {
      delimiter,
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      on_record: (fields: string[], { bytes: end }) => {
        onRecord(fields, end)
        return null
      },
    })
    return undefined
  } catch (error) {
    if (error instanceof CsvError) return error
    throw error
  }
}

function reasonOf({ code }: CsvError): string {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quote is not closed'
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'a quote is not closed, or text follows the closing quote'
    default:
      return 'a quote stands inside an unquoted field'
  }
}

function newlinesIn(bytes: Buffer, from: number, to: number): number {
  let count = 0
  for (
    let at = bytes.indexOf(newline, from);
    at >= 0 && at < to;
    at = bytes.indexOf(newline, at + 1)
  ) {
    count++
  }
  return count
}
