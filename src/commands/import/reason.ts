import type { Original } from './originals.ts'
import { reasonColumn } from './source-record.ts'
import { columnKey } from './tables.ts'

/** Adds to a record, as it stands in its file byte for byte, why it was not kept. */
export type ReasonWriter = (original: Original, reason: string) => Buffer

/** Texts of Latin-1 are bytes: whatever a record holds passes through unchanged. */
const textOf = ({ bytes }: Original) => bytes().toString('latin1')
const bytesOf = (text: string, ...more: readonly string[]) =>
  Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from(more.join(''))])

const memberName = JSON.stringify(reasonColumn)
const ownMember = new RegExp(`${memberName}\\s*:\\s*"(?:[^"\\\\]|\\\\.)*"\\s*}$`, 'y')

/**
 * As the last member of an object; an earlier run's makes room. To what is no object nothing can be added: before it, and
 * before an empty one, goes an object that holds the reason alone.
 */
export const ndjsonReason: ReasonWriter = (original, reason) => {
  const text = trimmedEnd(textOf(original))
  const member = `${memberName}:${JSON.stringify(reason)}`
  if (!hasMembers(original.bytes()))
    return Buffer.concat([bytesOf('', `{${member}}\n`), bytesOf(text, '\n')])
  return bytesOf(withoutOwnMember(text), ',', member, '}\n')
}

/** White space of JSON alone: one byte of a letter can be a space of Latin-1. */
function trimmedEnd(text: string): string {
  let end = text.length
  while (end > 0 && ' \t\r\n'.includes(text.charAt(end - 1))) end--
  return text.slice(0, end)
}

/** An object's text up to its last member, an earlier run's reason left out. */
function withoutOwnMember(text: string): string {
  for (let at = text.lastIndexOf(memberName); at > 0; at = text.lastIndexOf(memberName, at - 1)) {
    ownMember.lastIndex = at
    if (ownMember.test(text)) return trimmedEnd(text.slice(0, at)).replace(/,$/, '')
  }
  return trimmedEnd(text.slice(0, -1))
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
  const quote = lastQuotedField(row)
  const isQuoted = quote >= 0
  const at = isQuoted ? quote - separator.length : row.lastIndexOf(separator)
  const isField = at >= 0 && row.startsWith(separator, at)
  return isField && (isQuoted || fields) ? row.slice(0, at) : row
}

/** Where the last field begins, if it stands in quotes; else −1. A quote inside it is two: one of an odd number opens it. */
function lastQuotedField(row: string): number {
  let end = row.endsWith('"') ? row.length - 1 : 0
  while (end > 0) {
    const last = row.lastIndexOf('"', end - 1)
    let first = last
    while (first > 0 && row[first - 1] === '"') first--
    if ((last - first) % 2 === 0) return first
    end = first
  }
  return -1
}
