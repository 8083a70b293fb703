import { sql } from 'drizzle-orm'
import { sqlStateOf } from '../../errors/postgres.ts'
import type { Pool } from '../database.ts'
import { statement } from '../statement.ts'
import { allowScans } from './verify.ts'

/** What was rebuilt, and how many of its entries were wrong. */
export type Rebuilt = { readonly rollup: string; readonly mended: number }

/** The deltas last: what the snapshot sees of them is counted by then. */
const steps = [
  'totals',
  'counts',
  'user_days',
  'active_users',
  'post_comments',
  'user_totals',
  'retention',
  'deltas',
]
/** How many steps `rebuild` tells of. */
export const rebuildSteps = steps.length
/** A fold that ends while the snapshot is taken spoils it: at once, before much is counted. */
const mostTries = 20

const rebuildOne = statement<{ rollup: string }, { mended: string }>(
  'rebuild',
  { reads: [] },
  (_, { rollup }) => sql<{ mended: string }>`select rollup.rebuild(${rollup}::text) as mended`,
)

/**
 * Recounts every rollup in one snapshot and mends what differs, while others write and read. Folds wait for it: the
 * larger the tables, the more is pending meanwhile. `onRebuilt` hears of each step, from the first again after a collision.
 * @throws 40001 when folds come in between 20 times, 42501 without the right to execute `rollup.rebuild`
 */
export async function rebuild(
  pool: Pool,
  onRebuilt: (rebuilt: Rebuilt) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await pool.transaction(
        { access: 'read write', isolation: 'repeatable read', ...(signal && { signal }) },
        async (db) => {
          await db.run(allowScans)
          for (const rollup of steps) {
            const [row] = await db.run(rebuildOne, { rollup })
            onRebuilt({ rollup, mended: Number(row?.mended) })
          }
        },
      )
    } catch (error) {
      if (sqlStateOf(error) !== '40001' || tries === mostTries) throw error
    }
  }
}
