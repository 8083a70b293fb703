import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { statement } from '../../db/statement.ts'
import { jobKind } from '../job.ts'
import { inBatches } from './batches.ts'

const deleteExpiredIdempotencyKeys = statement<Record<never, never>, { n: string }>(
  'delete_expired_idempotency_keys',
  { reads: [] },
  () => sql<{ n: string }>`
    with expired as materialized (
      select call from shopboard.idempotency_keys
      where created_at < now() - interval '24 hours'
      order by created_at limit 1000
      for update skip locked
    ),
    deleted as (delete from shopboard.idempotency_keys as key using expired where key.call = expired.call returning 1)
    select count(*) as n from deleted`,
)

/** Forgets answers that nobody can ask for again. */
export const expiredIdempotencyKeys = jobKind({
  name: 'expired_idempotency_keys',
  summary: 'Deletes what was answered to calls with an Idempotency-Key 24 hours ago.',
  params: z.strictObject({}),
  isStartable: true,
  isSingle: true,
  schedule: '10 * * * *',
  work: (job) => inBatches(job, (db) => db.run(deleteExpiredIdempotencyKeys)),
})
