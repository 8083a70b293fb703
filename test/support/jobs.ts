import { z } from 'zod'
import type { Pool } from '../../src/db/database.ts'
import { enqueueJob, type Job, type JobKind, type JobResult, newJob } from '../../src/jobs/job.ts'
import type { JobEvent } from '../../src/jobs/run.ts'
import { type StartOptions, startJobs } from '../../src/jobs/working.ts'
import type { TestSql } from './database.ts'

/** What retention there is where a test does not say. */
export const settings = { auditRetention: 365, sessionRetention: undefined }

/** A kind whose work a test gives. */
export const kindOf = (
  name: string,
  work: (job: Job) => Promise<JobResult> = async () => ({ rows: 1 }),
  options: Partial<JobKind> = {},
): JobKind => ({ name, summary: 'For a test.', params: z.unknown(), work, ...options })

/** Starts a job of the kind in a transaction of its own. @returns its id; undefined where one waits or runs */
export async function enqueue(pool: Pool, kind: JobKind, params: unknown = {}) {
  const [row] = await pool.transaction({ access: 'read write' }, (db) =>
    db.run(enqueueJob, newJob(kind, params, 'a test')),
  )
  return row && Number(row.id)
}

/** A server's work on jobs, that looks often, and what it told. */
export function work(pool: Pool, kinds: readonly JobKind[], options: Partial<StartOptions> = {}) {
  const events: JobEvent[] = []
  const failures: unknown[] = []
  const barred: (string | undefined)[] = []
  const { stop } = startJobs({
    pool,
    workPool: pool,
    settings,
    kinds,
    worker: 'a test',
    interval: 10,
    heartbeatInterval: 10,
    on: (event) => events.push(event),
    onBarred: (reason) => barred.push(reason),
    onFailed: (error) => failures.push(error),
    ...options,
  })
  return { events, failures, barred, stop }
}

export type JobRow = {
  readonly state: string
  readonly attempts: number
  readonly error: string | null
  readonly result: unknown
  readonly progress_done: string | null
  readonly progress_total: string | null
}

export async function jobIn(sql: TestSql, id: number | undefined): Promise<JobRow> {
  const [row] = await sql<JobRow[]>`select * from shopboard.jobs where id = ${id ?? 0}`
  if (!row) throw new Error(`There is no job ${id}`)
  return row
}

export const runsOf = (sql: TestSql, id: number | undefined) =>
  sql<{ outcome: string | null; rows: number | null; error: string | null }[]>`
    select outcome, row_count::int as rows, error from shopboard.job_runs where job_id = ${id ?? 0} order by id`

/** The job and the change that the examples of the OpenAPI document are about. */
export async function insertAdminExamples(sql: TestSql): Promise<void> {
  await sql`
    insert into shopboard.jobs (kind, key, created_by, created_at, run_at, state, attempts, progress_done, ended_at, result)
    values ('audit_partitions', '', 'schedule', '2026-11-20T03:00:04.123456Z', '2026-11-20T03:00:04.123456Z', 'done', 1, 1,
      '2026-11-20T03:00:05.654321Z', '{"rows": 1, "steps": ["made audit_log_2027_02 of 0 rows"]}')`
  await sql`
    insert into shopboard.job_runs (job_id, worker, started_at, ended_at, outcome, row_count)
    values (1, '3f2a90c1', '2026-11-20T03:00:05.012345Z', '2026-11-20T03:00:05.654321Z', 'done', 1)`
  await sql`
    insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
    values ('2026-11-20T10:15:30.123456Z', 'key:12', 'update', 'posts', 42, '{"title": "A draft"}', '{"title": "The thing itself"}',
      '7d2a6b0c-6c1f-4b54-9f0e-0c3a3c1d2e4f', '192.0.2.7')`
}
