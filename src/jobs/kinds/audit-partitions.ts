import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { statement } from '../../db/statement.ts'
import { sqlStateOf } from '../../errors/postgres.ts'
import { type Job, jobKind } from '../job.ts'

const tendAudit = statement<{ readonly retention: number }, { step: string | null }>(
  'tend_audit',
  { reads: [] },
  (_, { retention }) => sql<{ step: string | null }>`
    select shopboard.tend_audit(${retention}::int) as step`,
)

/** Tries for a lock, each of which holds writers up for 100 ms at most, and ms between two. */
const mostTries = 100
const pause = 400

/** Makes the partitions of the months to come, and drops those older than `AUDIT_RETENTION` days. */
export const auditPartitions = jobKind({
  name: 'audit_partitions',
  summary:
    'Makes the coming months of the audit log, and drops those that are past AUDIT_RETENTION.',
  params: z.strictObject({}),
  isStartable: true,
  isSingle: true,
  schedule: '0 3 * * *',
  async work({ settings: { auditRetention: retention }, pool, signal, progress }) {
    const steps: string[] = []
    let rows = 0
    let deleted = 0
    for (;;) {
      const step = await tendOnce({ pool, signal }, retention)
      // batches of rows can be thousands: they are told as one step
      const batch = step && /^deleted (\d+) rows$/.exec(step)?.[1]
      if (!batch && deleted > 0) {
        steps.push(`deleted ${deleted} rows`)
        deleted = 0
      }
      if (step === null) return { rows, steps }
      rows += Number(batch || 1)
      if (batch) deleted += Number(batch)
      else steps.push(step)
      progress(rows)
    }
  },
})

/** @throws 55P03 where the lock is not to be had for a minute: the next run goes on */
async function tendOnce(
  { pool, signal }: Pick<Job, 'pool' | 'signal'>,
  retention: number,
): Promise<string | null> {
  for (let tries = 1; ; tries += 1) {
    try {
      const [row] = await pool.transaction({ access: 'read write', signal }, (db) =>
        db.run(tendAudit, { retention }),
      )
      return row?.step ?? null
    } catch (error) {
      if (sqlStateOf(error) !== '55P03' || tries === mostTries || signal.aborted) throw error
      await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())))
    }
  }
}
