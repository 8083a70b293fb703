import type { Original } from './originals.ts'
import { reasonColumn } from './source-record.ts'
import { columnKey } from './tables.ts'

/** Adds to a record, as it stands in its file byte for byte, why it was not kept. */
export type ReasonWriter = (original: Original, reason: string) => Buffer

/** Texts of Latin-1 are bytes: whatever a record holds passes through unchanged. */
const textOf = ({ bytes }: Original) => bytes().toString('latin1')
const bytesOf = (text: string, ...more: readonly string[]) =>
  Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from(more.join(''))])

const ownMember = new RegExp(`,?\\s*"${reasonColumn}"\\s*:\\s*"(?:[^"\\\\]|\\\\.)*"\\s*}$`)

/**
 * As the last member of an object; an earlier run's makes room. To what is no object nothing can be added: before it, and
 * before an empty one, goes an object that holds the reason alone.
 */
export const ndjsonReason: ReasonWriter = (original, reason) => {
  const text = textOf(original).trim()
  const member = `${JSON.stringify(reasonColumn)}:${JSON.stringify(reason)}`
  if (!hasMembers(original.bytes()))
    return Buffer.concat([bytesOf('', `{${member}}\n`), bytesOf(text, '\n')])
  const rest = text.replace(ownMember, '}').slice(0, -1).trimEnd()
  return bytesOf(rest, ',', member, '}\n')
}

function hasMembers(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    return isPlainObject(value) && Object.keys(value).some((name) => name !== reasonColumn)
  } catch {
    return false
  }
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * As the last field of a row, and as the last name of the header, which comes first. An earlier run's reasons make room. It
 * stands in quotes: of a row whose quote is not closed no other row becomes a part.
 */
export function csvReason(header: Original, delimiter: string) {
  const names = header.fields ?? []
  const isRejects = names.length > 1 && columnKey(names.at(-1) ?? '') === columnKey(reasonColumn)
  const withField = (original: Original, field: string) => {
    const [, row = '', end] = /^(.*?)(\r?\n)?$/s.exec(textOf(original)) ?? []
    const kept = isRejects ? withoutLast(row, original, delimiter) : row
    return bytesOf(kept, delimiter, field, end ?? '\n')
  }
  const withReason: ReasonWriter = (original, reason) =>
    withField(original, `"${reason.replaceAll('"', '""')}"`)
  return { header: withField(header, reasonColumn), withReason }
}

function withoutLast(row: string, { fields }: Original, delimiter: string): string {
  const separator = Buffer.from(delimiter).toString('latin1')
  const quoted = /"(?:[^"]|"")*"$/.exec(row)
  const at = quoted ? quoted.index - separator.length : row.lastIndexOf(separator)
  const isField = at >= 0 && row.startsWith(separator, at)
  return isField && (quoted || fields) ? row.slice(0, at) : row
}
