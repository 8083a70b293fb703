import { randomUUID } from 'node:crypto'
import type { Config } from '../config.ts'
import type { Pool } from '../db/database.ts'
import type { PoolOptions } from '../db/pool/pool.ts'
import { jobKinds } from '../job-kinds.ts'
import type { JobKind } from '../jobs/job.ts'
import { startJobs } from '../jobs/working.ts'
import type { Observer } from '../observability/observation.ts'

/** Jobs that a server runs at once, each on a connection of its own. */
export const mostJobs = 2

/** A recount of everything is one transaction: what takes long is cancelled, or ends with the server. */
export const jobPoolLimits: Partial<PoolOptions> = {
  statementTimeout: 0,
  idleInTransactionTimeout: 600_000,
  leakAfter: 86_400_000,
}

type Options = {
  readonly config: Config
  /** Those that take a server of its own. */
  readonly kinds: readonly JobKind[]
  /** For the queue of jobs. */
  readonly pool: Pool
  /** For the jobs themselves. */
  readonly workPool: Pool
  readonly observe: Observer
  /** While the database is away its own observation says so. */
  readonly isUp: () => boolean
}

/** Runs every kind of job, beside the requests, until it is stopped. */
export const workOnJobs = ({ config, kinds, pool, workPool, observe, isUp }: Options) =>
  startJobs({
    pool,
    workPool,
    settings: config,
    kinds: [...jobKinds, ...kinds],
    worker: randomUUID().slice(0, 8),
    most: mostJobs,
    on: (event) => observe({ type: 'job', event }),
    onBarred: (reason) => observe({ type: 'jobs_barred', reason }),
    onFailed: (error) => isUp() && observe({ type: 'jobs_failed', error }),
  })
