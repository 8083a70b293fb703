import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { statement } from '../../db/statement.ts'
import { jobKind } from '../job.ts'
import { inBatches } from './batches.ts'

const deleteEndedJobs = statement<Record<never, never>, { n: string }>(
  'delete_ended_jobs',
  { reads: [] },
  () => sql<{ n: string }>`
    with ended as materialized (
      select id from shopboard.jobs
      where ended_at < now() - interval '30 days' and exists (
        select from shopboard.jobs as later
        where later.kind = jobs.kind and (later.created_at, later.id) > (jobs.created_at, jobs.id)
      )
      order by ended_at limit 1000
      for update skip locked
    ),
    deleted as (delete from shopboard.jobs using ended where jobs.id = ended.id returning 1)
    select count(*) as n from deleted`,
)

/** Deletes jobs that ended 30 days ago, the last of each kind left out. */
export const jobHistory = jobKind({
  name: 'job_history',
  summary: 'Deletes jobs that ended 30 days ago, but the last of each kind.',
  params: z.strictObject({}),
  isStartable: true,
  isSingle: true,
  schedule: '40 3 * * *',
  work: (job) => inBatches(job, (db) => db.run(deleteEndedJobs)),
})
