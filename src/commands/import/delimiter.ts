import { parse } from 'csv-parse/sync'
import type { ImportFile } from './files.ts'
import { columnKey, type ImportTable, missingColumns } from './tables.ts'

/** What may separate fields where nothing was said, the likeliest first, by name. */
const candidates = new Map([
  ['comma', ','],
  ['semicolon', ';'],
  ['tab', '\t'],
  ['pipe', '|'],
])

/** The delimiter of a name, or of the character itself; undefined where that cannot be one. */
export function delimiterNamed(text: string): string | undefined {
  const value = candidates.get(text.toLowerCase()) ?? text
  return [...value].length === 1 && !/[\p{L}\p{N}"\r\n\0]/u.test(value) ? value : undefined
}

/** For people: `semicolons`. */
export function delimiterName(delimiter: string): string {
  const [name] = [...candidates].find(([, each]) => each === delimiter) ?? []
  return name ? `${name}s` : JSON.stringify(delimiter)
}

/**
 * What separates the fields of a file that begins like this: what was asked for, else what makes of its first line a header
 * with the columns the table needs, then with most of those it knows, then with most.
 */
export function delimiterOf({ table, delimiter }: ImportFile, start: Buffer): string {
  if (delimiter !== undefined) return delimiter
  const from = start.findIndex((byte) => byte !== 10 && byte !== 13)
  const end = start.indexOf(10, Math.max(from, 0))
  const line = start.toString('utf8', Math.max(from, 0), end < 0 ? start.length : end)
  const [best] = [...candidates.values()]
    .map((each) => ({ delimiter: each, worth: worthOf(table, headerOf(line, each)) }))
    .sort((a, b) => b.worth - a.worth)
  return best?.delimiter ?? ','
}

function headerOf(line: string, delimiter: string): string[] {
  try {
    const [names = []] = parse(line, { delimiter, relax_column_count: true })
    return names
  } catch {
    return []
  }
}

function worthOf(table: ImportTable, names: readonly string[]): number {
  const keys = names.map(columnKey)
  const known = table.columns.filter(({ name }) => keys.includes(columnKey(name))).length
  const isComplete = missingColumns(table, keys).length === 0
  return (isComplete ? 1e9 : 0) + known * 1e5 + Math.min(names.length, 1e4)
}
