import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { statement } from '../../db/statement.ts'
import { jobKind } from '../job.ts'
import { inBatches } from './batches.ts'

const deleteExpiredSessions = statement<{ readonly retention: number }, { n: string }>(
  'delete_expired_sessions',
  { reads: [] },
  (_, { retention }) => sql<{ n: string }>`
    with expired as materialized (
      select id from sessions
      where deleted_at is null and last_seen_at < now() - make_interval(days => ${retention}::int)
      order by last_seen_at, id limit 1000
      for update skip locked
    ),
    deleted as (delete from sessions where id = any (array(select id from expired)) returning 1)
    select count(*) as n from deleted`,
)

/** Deletes for good what was not seen for `SESSION_RETENTION` days; nothing where that is not set. */
export const expiredSessions = jobKind({
  name: 'expired_sessions',
  summary: 'Deletes the sessions that were not seen for SESSION_RETENTION days.',
  params: z.strictObject({}),
  isStartable: true,
  isSingle: true,
  schedule: '20 3 * * *',
  work: async ({ settings: { sessionRetention: retention }, ...job }) =>
    retention === undefined
      ? { rows: 0 }
      : inBatches(job, (db) => db.run(deleteExpiredSessions, { retention })),
})
