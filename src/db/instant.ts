import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { customType } from 'drizzle-orm/pg-core'

/*
 * Instants keep PostgreSQL's microseconds: they travel as text, never as a JavaScript `Date`. Everyone but PostgreSQL
 * sees them as RFC 3339 in UTC with all six digits, `2020-05-31T01:40:47.307000Z`.
 */

/** A `timestamptz` column: a builder that selects it, or returns it from a write, gets RFC 3339. */
export const instant = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  fromDriver: rfc3339Of,
})

/** An instant as RFC 3339, where the SQL itself writes the answer: of the years 1 to 9999. */
export const rfc3339 = (instant: SQLWrapper): SQL<string> =>
  sql`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

/** Also of columns whose checks an older row may break: the nearest instant that can be written stands for what it holds. */
export const nearestRfc3339 = (instant: SQLWrapper): SQL<string> =>
  sql`case when ${instant} < ${literal(first)} then ${literal(first)} when ${instant} > ${literal(last)} then ${literal(last)} else ${rfc3339(instant)} end`

/** Any instant as a text that PostgreSQL reads as the same one, where the session has DateStyle ISO and TimeZone UTC. */
export const exactInstant = (instant: SQLWrapper): SQL<string> =>
  sql`case when ${instant} between ${literal(first)} and ${literal(last)} then ${rfc3339(instant)} else ${instant}::text end`

const first = '0001-01-01T00:00:00.000000Z'
const last = '9999-12-31T23:59:59.999999Z'
const isoInUtc = /^(\d{4,6}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00( BC)?$/

/** The last instant that RFC 3339 can write. */
export const lastInstant = sql.raw(`'${last}'`)

const literal = (text: string) => sql.raw(`'${text}'`)

/**
 * From the text PostgreSQL gives a session with DateStyle ISO and TimeZone UTC: `2020-05-31 01:40:47.307+00`. A row older
 * than the checks on its instants may hold what RFC 3339 cannot write: the nearest instant that it can stands for it.
 * @throws RangeError where the session is another
 */
export function rfc3339Of(text: string): string {
  if (text === 'infinity') return last
  if (text === '-infinity') return first
  const [, date, time, fraction = '', beforeChrist] = isoInUtc.exec(text) ?? []
  if (date === undefined) throw new RangeError(`Not an instant in UTC: ${text}`)
  if (beforeChrist) return first
  return date.length > 10 ? last : `${date}T${time}.${fraction.padEnd(6, '0')}Z`
}
