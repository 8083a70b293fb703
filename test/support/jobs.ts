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
