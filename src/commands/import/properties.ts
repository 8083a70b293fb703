import type { Reader } from './values.ts'

declare global {
  interface JSON {
    /** A number that is written with these digits. */
    rawJSON(text: string): object
  }
}

type Source = { readonly source?: string }

/** jsonb holds deeper ones, and its parser has an end. */
const mostDepth = 64
/** Characters of a number: PostgreSQL has some more digits than these. */
const longestNumber = 16_000

/** A JSON object as jsonb takes it, as a text that has every digit of its numbers. */
export const properties: Reader = (value) => {
  if (value === null || value === undefined || value === '') return null
  const object = typeof value === 'string' ? parsed(value) : value
  if (typeof object !== 'object' || object === null || Array.isArray(object))
    return { reason: 'is not a JSON object' }
  if (!isWithin(object, mostDepth)) return { reason: `is nested more than ${mostDepth} deep` }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const fault = faultIn(text)
  return fault ? { reason: fault } : text
}

/** A member of the object that `text` says; its numbers are written again with the digits they have there. */
export function memberOf(object: object, name: string, text: string): unknown {
  const value: unknown = Reflect.get(object, name)
  const isPlain = typeof value !== 'object' || !mayLoseDigits.test(text)
  if (isPlain || !isWithin(object, mostDepth + 1)) return value
  const exact: object = JSON.parse(text, (_, each: unknown, { source }: Source = {}) =>
    typeof each === 'number' && source !== undefined && source !== String(each)
      ? JSON.rawJSON(source)
      : each,
  )
  return Reflect.get(exact, name)
}

/** Some are not in a number, which costs only time. */
const mayLoseDigits = /\d[.eE]|\d{16}|-0/

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isWithin = (value: unknown, depth: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth > 0 && Object.values(value).every((each) => isWithin(each, depth - 1)))

/** What PostgreSQL would refuse, and all rows with it. */
function faultIn(text: string): string | undefined {
  let fault: string | undefined
  JSON.parse(text, (key, value: unknown, { source = '' }: Source = {}) => {
    for (const each of [key, value]) {
      if (typeof each !== 'string') continue
      if (each.includes('\0')) fault ??= 'holds a NUL character'
      if (!each.isWellFormed()) fault ??= 'is not valid Unicode'
    }
    if (typeof value === 'number' && (source.length > longestNumber || /e[+-]?\d{4}/i.test(source)))
      fault ??= 'holds a number that is too long'
    return value
  })
  return fault
}
