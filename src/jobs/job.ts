import { sql } from 'drizzle-orm'
import type { z } from 'zod'
import type { Config } from '../config.ts'
import type { Pool } from '../db/database.ts'
import { statement } from '../db/statement.ts'

/** What the configuration says of jobs: days that things are kept, undefined for ever. */
export type JobSettings = Pick<Config, 'auditRetention' | 'sessionRetention'>

/** What a run of a job is given. */
export type Job<Params = unknown> = {
  readonly id: number
  readonly params: Params
  readonly settings: JobSettings
  /** For transactions of its own; no run holds one for longer than it must. */
  readonly pool: Pool
  /** Aborts when the job is cancelled, the server shuts down, or another has taken the job over. */
  readonly signal: AbortSignal
  /** Says how far it is, as often as it likes: the last word of each second is shown. */
  readonly progress: (done: number, total?: number | null) => void
}

/** What a run did: its rows, and whatever else is to be shown as the job's `result`. */
export type JobResult = { readonly rows: number; readonly [name: string]: unknown }

/** Work that nobody waits for. */
export type JobKind<Params = unknown> = {
  readonly name: string
  /** A sentence for those who may start it. */
  readonly summary: string
  readonly params: z.ZodType<Params>
  /** Whether an admin may start it by hand; what a route of its own starts is not. */
  readonly isStartable?: boolean
  /** At most one of it waits or runs, unless `newJob` is given another key. */
  readonly isSingle?: boolean
  /** When it is started by itself: a cron pattern in UTC, met once by all servers together. */
  readonly schedule?: string
  /** Whether it may take longer than a Worker lives: such jobs are left to servers. */
  readonly isLong?: boolean
  /**
   * Cut into short transactions, each of which leaves what the next run goes on from: a run may end anywhere, and the next
   * one completes it. What it throws once `signal` has aborted is no failure.
   */
  readonly work: (job: Job) => Promise<JobResult>
}

type JobKindOptions<Params> = Omit<JobKind<Params>, 'work'> & {
  readonly work: (job: Job<Params>) => Promise<JobResult>
}

/** A kind that reads the params of a job anew when it runs: an older program may have written them. */
export const jobKind = <Params>(options: JobKindOptions<Params>): JobKind<Params> => ({
  ...options,
  work: async (job) => options.work({ ...job, params: options.params.parse(job.params) }),
})

export type NewJob = {
  /** `JobKind.name` */
  readonly kind: string
  /** At most one of a kind and key waits or runs: null for any number. */
  readonly key: string | null
  /** As JSON. */
  readonly params: string
  /** `Origin.actor` */
  readonly createdBy: string
}

/** Values for `enqueueJob`. */
export const newJob = <Params>(
  { name, isSingle = false }: JobKind<Params>,
  params: Params,
  createdBy: string,
  key = isSingle ? '' : null,
): NewJob => ({ kind: name, key, params: JSON.stringify(params), createdBy })

/** Starts a job once its transaction commits; no row where one of its kind and key waits or runs. */
export const enqueueJob = statement<NewJob, { id: string }>(
  'enqueue_job',
  { reads: [] },
  (_, { kind, key, params, createdBy }) => sql<{ id: string }>`
    insert into shopboard.jobs (kind, key, params, created_by)
    values (${kind}::text, ${key}::text, ${params}::text::jsonb, ${createdBy}::text)
    on conflict do nothing
    returning id`,
)
