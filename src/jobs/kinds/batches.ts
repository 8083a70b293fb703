import type { Database } from '../../db/database.ts'
import type { Job, JobResult } from '../job.ts'

/** Does `batch`, each time in a transaction of its own, until it says that it changed no row. */
export async function inBatches(
  { pool, signal, progress }: Pick<Job, 'pool' | 'signal' | 'progress'>,
  batch: (db: Database) => Promise<readonly { readonly n: string }[]>,
): Promise<JobResult> {
  let rows = 0
  for (;;) {
    const [done] = await pool.transaction({ access: 'read write', signal }, batch)
    const n = Number(done?.n ?? 0)
    if (n === 0) return { rows }
    rows += n
    progress(rows)
  }
}
