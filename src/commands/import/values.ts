import { isDay, isInCommonYears, isTimeOfDay, microseconds } from '../../db/calendar.ts'

/** A value as COPY takes it, null where none was given, or what is wrong with it. */
export type Reading = string | null | { readonly reason: string }
export type Reader = (value: unknown) => Reading

/** Ids are JavaScript numbers: beyond ±(2^53 − 1) they would lose digits. */
export const id: Reader = (value) => {
  const text = trimmed(value)
  if (text === null) return null
  if (!/^[+-]?\d{1,17}$/.test(text)) return { reason: `is not a whole number: ${shown(text)}` }
  return Number.isSafeInteger(Number(text))
    ? String(Number(text))
    : { reason: `is beyond ±(2^53 - 1): ${text}` }
}

/** What is counted: never below nothing. */
export const count: Reader = (value) => {
  const number = id(value)
  return typeof number === 'string' && number.startsWith('-')
    ? { reason: `is below 0: ${number}` }
    : number
}

const yes = new Set(['true', 't', 'yes', 'y', 'on', '1'])
const no = new Set(['false', 'f', 'no', 'n', 'off', '0'])

export const boolean: Reader = (value) => {
  const text = trimmed(value)?.toLowerCase() ?? null
  if (text === null) return null
  if (yes.has(text)) return 'true'
  return no.has(text) ? 'false' : { reason: `is neither true nor false: ${shown(text)}` }
}

export const text: Reader = (value) => {
  if (value === null || value === undefined) return null
  if (typeof value === 'object') return { reason: 'is not a text' }
  const given = String(value)
  if (given.includes('\0')) return { reason: 'holds a NUL character' }
  return given.isWellFormed() ? given : { reason: 'is not valid Unicode' }
}

export const username: Reader = (value) => {
  const name = text(value)
  if (typeof name !== 'string') return name
  if (name.trim() === '') return { reason: 'is blank' }
  return name.length > 200 && [...name].length > 200
    ? { reason: 'is longer than 200 characters' }
    : name
}

export const email: Reader = (value) => {
  const address = text(value)
  if (typeof address !== 'string' || address === '') return address === '' ? null : address
  if (!/.@./s.test(address)) return { reason: `is not an address: ${shown(address)}` }
  return address.length > 320 ? { reason: 'is longer than 320 characters' } : address
}

const instantShape =
  /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s?(?:([Zz]|UTC|GMT)|([+-])(\d\d)(?::?(\d\d))?)?)?$/

/** RFC 3339, or as databases print it; without a zone it is UTC, a date is its midnight. Digits past microseconds are cut. */
export const instant: Reader = (value) => {
  const given = trimmed(value)
  if (given === null) return null
  const match = instantShape.exec(given)
  if (!match) return { reason: `is not a time: ${shown(given)}` }
  const [, date = '', minutes = '00:00', second = '00', fraction = ''] = match
  const [sign = '+', zoneHour = '00', zoneMinute = '00'] = match.slice(6)

  const time = `${minutes}:${second}`
  if (!isDay(date) || !isTimeOfDay(time) || zoneHour > '15' || zoneMinute > '59') {
    return { reason: `is not a time: ${shown(given)}` }
  }
  const zone = `${sign}${zoneHour}:${zoneMinute}`
  if (!isInYears(date.slice(0, 4), `${date}T${time}${zone}`)) {
    return { reason: `is not within the years 1 to 9999: ${shown(given)}` }
  }
  return fraction ? `${date}T${time}.${microseconds(fraction)}${zone}` : `${date}T${time}${zone}`
}

/** COPY takes no year 0000, in any zone. A `Date` costs more than all the rest: it is made at both ends only. */
const isInYears = (year: string, instant: string): boolean =>
  (year > '0001' && year < '9999') || (year !== '0000' && isInCommonYears(new Date(instant)))

function trimmed(value: unknown): string | null {
  if (value === null || value === undefined) return null
  const given = (typeof value === 'object' ? JSON.stringify(value) : String(value)).trim()
  return given === '' ? null : given
}

const shown = (given: string): string =>
  JSON.stringify(given.length > 40 ? `${given.slice(0, 40)}…` : given)
