import { sql } from 'drizzle-orm'
import type { Pool } from '../database.ts'
import { statement } from '../statement.ts'

export type FoldOptions = {
  readonly pool: Pool
  /** ms from one fold to the next. */
  readonly interval: number
  readonly onFailed: (error: unknown) => void
}

/** Moves pending deltas into the counts; 0 while another fold is at work. */
export const fold = statement(
  'fold',
  { reads: [] },
  () => sql<{ folded: string }>`select rollup.fold() as folded`,
)

/** ms: a fold behind a large import moves millions of deltas. */
const foldTimeout = 600_000
/** Deltas that may wait: every read adds them up, some 10 µs for each that turns a user's day. */
const mostPending = 150
/** ms between folds at least, however fast the writers. */
const shortestInterval = 50

/** Folds once every interval, sooner while writers bring more than some 150 deltas in it. Any number of processes may do so at once. */
export function startFolding({ pool, interval, onFailed }: FoldOptions) {
  const stopping = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let foldedAt = performance.now()

  async function turn() {
    let folded = 0
    try {
      folded = await foldOnce(pool, stopping.signal)
    } catch (error) {
      if (!stopping.signal.aborted) onFailed(error)
    }
    if (stopping.signal.aborted) return
    const elapsed = performance.now() - foldedAt
    foldedAt = performance.now()
    timer = setTimeout(again, nextFold(folded / elapsed, interval))
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
