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

/** An instant as RFC 3339, where the SQL itself writes the answer. */
export const rfc3339 = (instant: SQLWrapper): SQL<string> =>
  sql`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

const isoInUtc = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/

/**
 * From the text PostgreSQL gives a session with DateStyle ISO and TimeZone UTC: `2020-05-31 01:40:47.307+00`.
 * @throws RangeError where no RFC 3339 exists for it (±infinity, a year not of four digits) or the session is another
 */
export function rfc3339Of(text: string): string {
  const [, date, time, fraction = ''] = isoInUtc.exec(text) ?? []
  if (date === undefined)
    throw new RangeError(`Not an instant in UTC of the years 1 to 9999: ${text}`)
  return `${date}T${time}.${fraction.padEnd(6, '0')}Z`
}
