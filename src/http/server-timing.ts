import type { CacheOutcome } from '../cache/cache.ts'
import type { Timing } from '../db/database.ts'

/** Where a request's time went, recorded while it is answered; ms. */
export type RequestTiming = Timing & {
  /** `performance.now()` when the request arrived. */
  readonly start: number
  cache: CacheOutcome | undefined
}

export const startTiming = (): RequestTiming => ({
  start: performance.now(),
  pool: undefined,
  db: undefined,
  cache: undefined,
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
