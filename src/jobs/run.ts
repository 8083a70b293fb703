import type { Pool } from '../db/database.ts'
import { AppError } from '../errors/error.ts'
import { fromPostgres, sqlStateOf } from '../errors/postgres.ts'
import type { JobKind, JobResult, JobSettings } from './job.ts'
import { endJob, heartbeat, type Outcome, type TakenJob } from './queue.ts'

/** What became of a run; `lost` where another took its job over, or the database could not be told. */
export type JobEvent = {
  readonly job: number
  readonly kind: string
  readonly outcome: 'done' | 'failed' | 'cancelled' | 'stopped' | 'dead' | 'lost'
  /** ms */
  readonly duration: number
  readonly rows?: number
  readonly error?: unknown
}

export type RunOptions = {
  /** For taking, heartbeats and ends, which wait for no work. */
  readonly pool: Pool
  readonly workPool: Pool
  readonly settings: JobSettings
  /** Puts the job back. */
  readonly stopping: AbortSignal
  /** ms from one heartbeat to the next: a cancelled run hears of it that late. */
  readonly heartbeatInterval?: number
  readonly on: (event: JobEvent) => void
}

type Ended = { readonly outcome: Outcome; readonly result?: JobResult; readonly error?: unknown }
type Progress = { done: number | null; total: number | null }

/** ms without a heartbeat that got through until a run gives itself up: before it is taken for lost. */
const mostSilence = 20_000
/** ms a heartbeat or an end may take, and ms between two tries to end. */
const patience = 5_000
const pause = 500

/** Runs a job that was taken, with a heartbeat beside it, and says how it ended. Never rejects. */
export async function runJob(
  taken: TakenJob,
  kind: JobKind,
  { pool, workPool, settings, stopping, heartbeatInterval = 1_000, on }: RunOptions,
): Promise<void> {
  const startedAt = performance.now()
  const { id, runId, params } = taken
  const ending = new AbortController()
  const progress: Progress = { done: null, total: null }
  const stop = () => ending.abort(new Error('The server shuts down'))
  stopping.addEventListener('abort', stop)
  if (stopping.aborted) stop()
  const beating = beat({ pool, taken, interval: heartbeatInterval, progress, ending })

  const { outcome, result, error } = await work()
  stopping.removeEventListener('abort', stop)
  const { isLost } = await beating.stop()
  const state = isLost ? undefined : await end()
  on({
    job: Number(id),
    kind: kind.name,
    outcome: toldOf(state, outcome),
    duration: performance.now() - startedAt,
    ...(result && { rows: result.rows }),
    ...(outcome === 'failed' && { error }),
  })

  async function work(): Promise<Ended> {
    try {
      const done = await kind.work({
        id: Number(id),
        params,
        settings,
        pool: workPool,
        signal: ending.signal,
        progress(done, total = progress.total) {
          Object.assign(progress, { done, total })
        },
      })
      return { outcome: 'done', result: done }
    } catch (thrown) {
      return { outcome: stopping.aborted ? 'stopped' : 'failed', error: thrown }
    }
  }

  /** Tried for as long as nobody takes the run for lost. @returns the job's state */
  async function end(): Promise<string | undefined> {
    const values = {
      id,
      runId,
      outcome,
      rows: result?.rows ?? null,
      result: result ? JSON.stringify(result) : null,
      error: outcome === 'failed' ? sentenceOf(error) : null,
      ...progress,
    }
    const deadline = performance.now() + mostSilence
    for (;;) {
      try {
        const [ended] = await pool.transaction({ access: 'read write', deadline: patience }, (db) =>
          db.run(endJob, values),
        )
        return ended?.state
      } catch {
        if (performance.now() > deadline) return undefined
        await new Promise((resolve) => setTimeout(resolve, pause))
      }
    }
  }
}

type Beating = {
  readonly pool: Pool
  readonly taken: TakenJob
  readonly interval: number
  readonly progress: Progress
  /** Aborted when the job is cancelled or lost. */
  readonly ending: AbortController
}

/** Keeps telling the database that the run goes on, until it is stopped or lost. */
function beat({ pool, taken: { id, runId }, interval, progress, ending }: Beating) {
  let isLost = false
  let isStopped = false
  let heardAt = performance.now()
  let wake = () => {}

  async function once() {
    try {
      const [heard] = await pool.transaction({ access: 'read write', deadline: patience }, (db) =>
        db.run(heartbeat, { id, runId, ...progress }),
      )
      heardAt = performance.now()
      if (!heard) lose()
      else if (heard.isCancelling) ending.abort(new Error('The job is cancelled'))
    } catch {
      if (performance.now() - heardAt > mostSilence) lose()
    }
  }
  function lose() {
    isLost = true
    ending.abort(new Error('Another may have taken the job over'))
  }
  async function loop() {
    while (!isStopped && !isLost) {
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, interval)
      })
      if (!isStopped) await once()
    }
  }

  const looping = loop()
  return {
    async stop() {
      isStopped = true
      wake()
      await looping
      return { isLost }
    },
  }
}

function toldOf(state: string | undefined, outcome: Outcome): JobEvent['outcome'] {
  if (state === undefined) return 'lost'
  return state === 'cancelled' || state === 'dead' ? state : outcome
}

/** Why a run failed, as an admin may read it: nothing from inside, which the log has. */
function sentenceOf(error: unknown): string {
  if (sqlStateOf(error) === '42501')
    return 'forbidden: the role of its server lacks a right, which the log of that server names.'
  const known = error instanceof AppError ? error : fromPostgres(error)
  return known
    ? `${known.code}: ${known.detail}`
    : 'internal_error: the log of its server has the reason.'
}
