import { jobKinds } from '../job-kinds.ts'
import { runDueJobs } from '../jobs/working.ts'
import { observe } from './log.ts'
import { type Edge, openEdgePool } from './services.ts'

/** ms after which no job is begun, and what runs is put back for the next minute. */
const turn = 50_000

/** Runs the jobs that are due, those that may take longer than a Worker lives left out. @throws when they cannot be asked for */
export const runJobs = (edge: Edge): Promise<void> =>
  runDueJobs({
    pool: openEdgePool(edge, 'shopboard-worker queue'),
    workPool: openEdgePool(edge, 'shopboard-worker jobs'),
    settings: edge.config,
    kinds: jobKinds.filter(({ isLong = false }) => !isLong),
    worker: `worker ${crypto.randomUUID().slice(0, 8)}`,
    signal: AbortSignal.timeout(turn),
    on: (event) => observe({ type: 'job', event }),
  })
