import type { CacheOutcome } from '../cache/cache.ts'
import type { Timing } from '../db/database.ts'

/** Where a request's time went, written down while it goes; ms. */
export type RequestTiming = Timing & {
  /** `performance.now()` when the request came in. */
  readonly start: number
  cache: CacheOutcome | undefined
  /** The response has its `Server-Timing`. */
  headersWritten: boolean
}

export const startTiming = (): RequestTiming => ({
  start: performance.now(),
  pool: undefined,
  db: undefined,
  cache: undefined,
  headersWritten: false,
})

/** https://www.w3.org/TR/server-timing/ */
export function serverTiming({ start, pool, db, cache }: RequestTiming): string {
  let header = `total;dur=${ms(performance.now() - start)}`
  if (pool !== undefined) header += `, pool;dur=${ms(pool)}`
  if (db !== undefined) header += `, db;dur=${ms(db)}`
  if (cache !== undefined) header += `, cache;desc=${cache}`
  return header
}

/** Microseconds are enough; `toFixed` is ten times slower. */
const ms = (value: number) => Math.round(value * 1000) / 1000
