import { expect, it, onTestFinished } from 'vitest'
import { jobHistory } from '../../../src/jobs/kinds/job-history.ts'
import { useDatabase } from '../../support/database.ts'
import { settings } from '../../support/jobs.ts'
import { openTestPool } from '../../support/pool.ts'

const database = useDatabase()

it('deletes jobs that ended 30 days ago, and their runs, but the last of each kind', async () => {
  await database.sql`insert into shopboard.jobs (kind, created_by, state, created_at, ended_at)
    select kind, 'a test', 'done', now() - days * interval '1 day', now() - days * interval '1 day'
    from (values ('often', 29), ('often', 31), ('often', 40), ('seldom', 90), ('seldom', 91)) as old (kind, days)`
  await database.sql`insert into shopboard.job_runs (job_id, worker) select id, 'a test' from shopboard.jobs`
  const pool = openTestPool(database.url)
  onTestFinished(pool.close)
  const { signal } = new AbortController()
  const job = { id: 1, params: {}, pool, signal, settings, progress: () => {} }
  expect(await jobHistory.work(job)).toEqual({ rows: 3 })
  const left = await database.sql`
    select kind, round(extract(epoch from now() - jobs.ended_at) / 86400)::int as days, count(job_runs)::int as runs
    from shopboard.jobs join shopboard.job_runs on job_id = jobs.id group by jobs.id order by kind`
  expect(left).toEqual([
    { kind: 'often', days: 29, runs: 1 },
    { kind: 'seldom', days: 90, runs: 1 },
  ])
})
