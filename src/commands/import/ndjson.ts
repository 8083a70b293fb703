import { isUtf8 } from 'node:buffer'
import { type Block, overlong } from './bytes.ts'
import { memberOf } from './properties.ts'
import { type OnColumn, reasonColumn, type SourceRecord } from './source-record.ts'
import { columnKey, type ImportTable } from './tables.ts'

/** One JSON object per line. Blank lines hold nothing, nor do those that only tell why the next was rejected. */
export async function* ndjsonRecords(
  table: ImportTable,
  blocks: AsyncIterable<Block>,
  onColumn: OnColumn,
): AsyncGenerator<SourceRecord[]> {
  const positionOf = positions(table, onColumn)
  const isJson = table.columns.map(({ sqlType }) => sqlType === 'jsonb')
  let line = 1

  for await (const { bytes, isOverlong } of blocks) {
    if (isOverlong) {
      yield [{ line: line++, reason: overlong }]
      continue
    }
    const mayBeInvalid = !isUtf8(bytes)
    const lines = bytes.toString().split('\n')
    if (lines.at(-1) === '') lines.pop()
    const to = { positionOf, isJson, mayBeInvalid }
    const records = lines.map((each, at) => read(each.trim(), line + at, to))
    yield records.filter((record) => record !== undefined)
    line += lines.length
  }
}

type PositionOf = (name: string) => number

type Reading = {
  readonly positionOf: PositionOf
  /** Of each column of the table. */
  readonly isJson: readonly boolean[]
  readonly mayBeInvalid: boolean
}

function read(
  original: string,
  line: number,
  { positionOf, isJson, mayBeInvalid }: Reading,
): SourceRecord | undefined {
  if (original === '') return undefined
  const rejected = (reason: string) => ({ line, reason })
  // Decoding left U+FFFD where the bytes were not UTF-8.
  if (mayBeInvalid && original.includes('\ufffd')) return rejected('the text is not UTF-8')

  const value = parsed(original)
  if (value === undefined) return rejected('the line is not valid JSON')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return rejected('the line is not a JSON object')
  }
  const cells: unknown[] = []
  const members = Object.entries(value)
  if (members.length === 1 && members[0]?.[0] === reasonColumn) return undefined
  for (const [name, cell] of members) {
    const at = positionOf(name)
    if (at < 0) continue
    if (at in cells) return rejected(`${name} is given twice`)
    cells[at] = isJson[at] ? memberOf(value, name, original) : cell
  }
  return { line, cells }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Finds a column by name, and tells each name once, of unknown ones up to a thousand. */
function positions({ columns }: ImportTable, onColumn: OnColumn): PositionOf {
  const keys = columns.map(({ name }) => columnKey(name))
  const seen = new Map<string, number>([[reasonColumn, -1]])
  return (name) => {
    const before = seen.get(name)
    if (before !== undefined) return before
    const at = keys.indexOf(columnKey(name))
    if (at >= 0 || seen.size < 1000) {
      seen.set(name, at)
      onColumn(name, columns[at]?.name)
    }
    return at
  }
}
