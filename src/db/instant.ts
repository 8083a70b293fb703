import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'

/** An instant as the API writes it: RFC 3339, UTC, all six digits of its microseconds. */
export const rfc3339 = (instant: SQLWrapper): SQL<string> =>
  sql`to_char(${instant} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
