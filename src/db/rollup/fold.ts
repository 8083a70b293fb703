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
/** A fold of so many deltas is followed by the next at once: more of them wait. */
const backlog = 5_000

/** Folds once every interval, sooner while many deltas wait. Any number of processes may do so at once. */
export function startFolding({ pool, interval, onFailed }: FoldOptions) {
  const stopping = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function turn() {
    let folded = 0
    try {
      const [row] = await pool.transaction(
        {
          access: 'read write',
          deadline: foldTimeout,
          statementTimeout: foldTimeout,
          signal: stopping.signal,
        },
        (db) => db.run(fold),
      )
      folded = Number(row?.folded)
    } catch (error) {
      if (!stopping.signal.aborted) onFailed(error)
    }
    if (stopping.signal.aborted) return
    timer = setTimeout(again, folded >= backlog ? 0 : interval)
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
