import { z } from '@hono/zod-openapi'
import { isDay, isInCommonYears, isTimeOfDay, microseconds } from '../db/calendar.ts'

/** A time of a query: an RFC 3339 instant or a date (its midnight UTC), as `2020-05-31T01:40:47.307000Z`. */
export const instant = z
  .string()
  .transform(
    (text, context) =>
      utcInstant(text) ??
      reject(context, 'must be an RFC 3339 instant (2020-05-31T01:40:47Z) or a date (2020-05-31)'),
  )
  .openapi({
    type: 'string',
    format: 'date-time',
    description: 'An RFC 3339 instant, or a date (midnight UTC).',
  })

/** A day of the UTC calendar, from year 1 to 9999. */
export const utcDate = z
  .string()
  .transform((text, context) =>
    isDate(text) ? text : reject(context, 'must be a date of the calendar, YYYY-MM-DD'),
  )
  .openapi({ type: 'string', format: 'date' })

/** A month of the UTC calendar, from year 1 to 9999; parsed as its first day. */
export const utcMonth = z
  .string()
  .transform((text, context) =>
    isDate(`${text}-01`)
      ? `${text}-01`
      : reject(context, 'must be a month of the calendar, YYYY-MM'),
  )
  .openapi({ type: 'string', pattern: '^\\d{4}-(0[1-9]|1[0-2])$' })

export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .transform((text, context) => {
      const value = /^-?\d{1,16}$/.test(text) ? Number(text) + 0 : Number.NaN
      return value >= least && value <= most
        ? value
        : reject(context, `must be a whole number from ${least} to ${most}`)
    })
    .openapi({ type: 'integer', minimum: least, maximum: most })

/** Communities have system users with negative ids. */
export const id = wholeNumber(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER).openapi({
  format: 'int64',
})

/** The parameters of a path that ends in an id. */
export const pathId = z.object({ id: id.openapi({ param: { name: 'id', in: 'path' } }) })

export const flag = z
  .string()
  .transform((text, context) =>
    text === 'true' || text === 'false'
      ? text === 'true'
      : reject(context, 'must be true or false'),
  )
  .openapi({ type: 'boolean' })

export const pageSize = wholeNumber(1, 100)
  .default(20)
  .openapi({ type: 'integer', minimum: 1, maximum: 100, default: 20 })

/** One or more of `names`, separated by commas, each once; parsed in the order of `names`. */
export const listOf = <const Name extends string>(names: readonly Name[]) =>
  z
    .string()
    .transform((text, context) => {
      const asked = text.split(',')
      const known = names.filter((name) => asked.includes(name))
      return known.length === asked.length
        ? known
        : reject(context, `must be one or more of ${names.join(', ')}, each once`)
    })
    .openapi({
      type: 'array',
      items: { type: 'string', enum: [...names] },
      param: { style: 'form', explode: false },
    })

function reject(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

const shape =
  /^(?<date>\d{4}-\d\d-\d\d)(?:[Tt ](?<time>\d\d:\d\d):(?<second>\d\d)(?:\.(?<fraction>\d+))?(?:[Zz]|(?<sign>[-+ ])(?<hours>[01]\d|2[0-3]):(?<minutes>[0-5]\d)))?$/

/**
 * Digits beyond microseconds are cut. A leap second is the first of the next day. A `+` that the client did
 * not escape arrives as a space.
 */
function utcInstant(text: string): string | undefined {
  const parts = shape.exec(text)?.groups
  if (!parts) return undefined
  const { date = '', time = '00:00', second = '00', fraction = '', sign, hours, minutes } = parts
  const isLeap = second === '60'
  const local = `${time}:${isLeap ? '59' : second}`
  if (!isDay(date) || !isTimeOfDay(local)) return undefined

  const zone = sign ? `${sign === '-' ? '-' : '+'}${hours}:${minutes}` : 'Z'
  const utc = new Date(Date.parse(`${date}T${local}${zone}`) + (isLeap ? 1000 : 0))
  if (!isInCommonYears(utc) || (isLeap && Number(utc) % 86_400_000 !== 0)) return undefined
  const wholeSeconds = utc.toISOString().slice(0, -'.000Z'.length)
  return `${wholeSeconds}.${microseconds(fraction).padEnd(6, '0')}Z`
}

const isDate = (text: string) => /^(?!0000)\d{4}-\d\d-\d\d$/.test(text) && isDay(text)
