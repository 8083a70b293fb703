export type CacheOutcome = 'hit' | 'miss' | 'stale'

/** Where a request's time went, written down while it goes; ms. */
export type Timing = {
  /** `performance.now()` when the request came in. */
  readonly start: number
  /** Waiting for a connection. */
  pool: number | undefined
  /** Waiting for the database's answers. */
  db: number | undefined
  cache: CacheOutcome | undefined
  /** The response has its `Server-Timing`. */
  isTold: boolean
}

export const startTiming = (): Timing => ({
  start: performance.now(),
  pool: undefined,
  db: undefined,
  cache: undefined,
  isTold: false,
})

/** https://www.w3.org/TR/server-timing/ */
export function serverTiming({ start, pool, db, cache }: Timing): string {
  let header = `total;dur=${ms(performance.now() - start)}`
  if (pool !== undefined) header += `, pool;dur=${ms(pool)}`
  if (db !== undefined) header += `, db;dur=${ms(db)}`
  if (cache !== undefined) header += `, cache;desc=${cache}`
  return header
}

/** Microseconds are enough; `toFixed` is ten times slower. */
const ms = (value: number) => Math.round(value * 1000) / 1000
