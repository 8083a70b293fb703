import { sql } from 'drizzle-orm'
import { sqlStateOf } from '../../errors/postgres.ts'
import type { Pool } from '../database.ts'
import { statement } from '../statement.ts'

export type FoldOptions = {
  readonly pool: Pool
  /** ms from one fold to the next. */
  readonly interval: number
  readonly onFailed: (error: unknown) => void
  /** Called with why nothing can be folded here, and with undefined once it can. */
  readonly onBarred?: (reason: string | undefined) => void
}

/** Moves pending deltas into the counts; 0 while another fold is at work. */
export const fold = statement(
  'fold',
  { reads: [] },
  () => sql<{ folded: string }>`select rollup.fold() as folded`,
)

/** Why a fold would fail, now and the next time: null where it would not. */
const whatBarsFolds = statement<Record<never, never>, { reason: string | null }>(
  'what_bars_folds',
  { reads: [] },
  () => sql<{ reason: string | null }>`
    select case
      when pg_is_in_recovery() then 'the database is a standby'
      when current_setting('default_transaction_read_only') = 'on' then 'default_transaction_read_only is on'
      when not has_schema_privilege(pronamespace, 'usage')
        then format('it takes: grant usage on schema rollup to %I;', current_user)
      when not has_function_privilege(pg_proc.oid, 'execute')
        then format('it takes: grant execute on function rollup.fold() to %I;', current_user)
    end as reason
    from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where nspname = 'rollup' and proname = 'fold'`,
)

/** ms: a fold behind a large import moves millions of deltas. */
const foldTimeout = 600_000
/** Deltas that may wait: every read adds them up, some 10 µs for each that turns a user's day. */
const mostPending = 150
/** ms between folds at least, however fast the writers. */
const shortestInterval = 50
/** Intervals until it is asked again whether folds can be. */
const barredIntervals = 5

/** Folds once every interval, sooner while writers bring more than some 150 deltas in it. Any number of processes may do so at once. */
export function startFolding({ pool, interval, onFailed, onBarred = () => {} }: FoldOptions) {
  const stopping = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let foldedAt = performance.now()
  /** Null once it is known that nothing does. */
  let bar: string | undefined | null

  async function isBarred(): Promise<boolean> {
    if (bar === null) return false
    const [found] = await pool.transaction({ access: 'read only', signal: stopping.signal }, (db) =>
      db.run(whatBarsFolds),
    )
    const reason = found?.reason ?? null
    if (reason !== (bar ?? null)) onBarred(reason ?? undefined)
    bar = reason
    return reason !== null
  }

  /** Read only since, or without the right. */
  async function isBarredSince(error: unknown): Promise<boolean> {
    if (!/^(25006|42501)$/.test(sqlStateOf(error) ?? '')) return false
    bar = undefined
    return isBarred().catch(() => false)
  }

  async function turn() {
    let folded = 0
    try {
      if (await isBarred()) return next(barredIntervals * interval)
      folded = await foldOnce(pool, stopping.signal)
    } catch (error) {
      if (!(await isBarredSince(error)) && !stopping.signal.aborted) onFailed(error)
    }
    const elapsed = performance.now() - foldedAt
    foldedAt = performance.now()
    next(nextFold(folded / elapsed, interval))
  }

  function next(delay: number) {
    if (!stopping.signal.aborted) timer = setTimeout(again, delay)
  }

  let folding = turn()
  const again = () => {
    folding = turn()
  }
  return {
    async stop(): Promise<void> {
      stopping.abort()
      clearTimeout(timer)
      await folding
    },
  }
}

/**
 * Folds every `interval` ms for `duration` ms, and once at least; the last fold is not cut short.
 * @throws what a fold throws
 */
export async function foldFor(
  duration: number,
  { pool, interval }: Pick<FoldOptions, 'pool' | 'interval'>,
): Promise<void> {
  const end = Date.now() + duration
  for (;;) {
    await foldOnce(pool)
    if (Date.now() + interval >= end) return
    await new Promise((resolve) => setTimeout(resolve, interval))
  }
}

/** @returns the deltas folded */
async function foldOnce(pool: Pool, signal?: AbortSignal): Promise<number> {
  const [row] = await pool.transaction(
    {
      access: 'read write',
      deadline: foldTimeout,
      statementTimeout: foldTimeout,
      ...(signal && { signal }),
    },
    (db) => db.run(fold),
  )
  return Number(row?.folded)
}

/** ms until some 150 deltas wait again, at the last rate (deltas per ms), within the interval. */
const nextFold = (rate: number, interval: number) =>
  Math.min(interval, Math.max(shortestInterval, mostPending / rate))
