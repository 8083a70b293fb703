import { Cron } from 'croner'
import type { Pool } from '../db/database.ts'
import { sqlStateOf } from '../errors/postgres.ts'
import type { JobKind } from './job.ts'
import { reapJobs, takeJob, whatBarsJobs } from './queue.ts'
import { type RunOptions, runJob } from './run.ts'
import { meetSchedules } from './schedule.ts'

export type WorkOptions = Omit<RunOptions, 'stopping'> & {
  readonly kinds: readonly JobKind[]
  /** Names this process, among its runs. */
  readonly worker: string
}

export type StartOptions = WorkOptions & {
  /** ms from one look for waiting jobs to the next. */
  readonly interval?: number
  /** Jobs that run at once. */
  readonly most?: number
  /** Called with why no job can be taken here, and with undefined once it can. */
  readonly onBarred: (reason: string | undefined) => void
  /** Called when the queue cannot be asked for another reason. */
  readonly onFailed: (error: unknown) => void
}

/** ms a look may take. */
const patience = 5_000
/** ms that runs get to end when they are stopped. */
const stopTimeout = 5_000
/** Looks until it is asked again whether jobs can be taken. */
const barredLooks = 5
/** When schedules are looked at, and runs that fell silent. */
const lookAtSchedules = '*/10 * * * * *'

/**
 * Works on jobs until it is stopped: then what runs is put back, for another server or the next start. Any number of
 * processes may do so at once.
 */
export function startJobs(options: StartOptions) {
  const { pool, kinds, worker, interval = 1_000, most = 2, onBarred, onFailed } = options
  const stopping = new AbortController()
  const running = new Map<Promise<void>, JobKind>()
  let timer: ReturnType<typeof setTimeout> | undefined
  /** Null once it is known that nothing does. */
  let bar: string | undefined | null

  async function isBarred(): Promise<boolean> {
    if (bar === null) return false
    const reason = await barOf(pool)
    if (reason !== (bar ?? null)) onBarred(reason ?? undefined)
    bar = reason
    return reason !== null
  }

  async function guarded(work: () => Promise<void>): Promise<void> {
    try {
      if (!(await isBarred())) await work()
    } catch (error) {
      if (/^(25006|42501)$/.test(sqlStateOf(error) ?? '')) bar = undefined
      else if (!stopping.signal.aborted) onFailed(error)
    }
  }

  /** One run is left to what is short, which would wait behind exports for as long as they come. */
  function takeable(): readonly JobKind[] {
    const long = [...running.values()].filter(({ isLong }) => isLong).length
    return kinds.filter(({ isLong }) => !isLong || long < Math.max(most - 1, 1))
  }

  async function takeAll() {
    while (running.size < most && !stopping.signal.aborted) {
      const taken = await take(pool, takeable(), worker)
      if (!taken) return
      const run = runJob(taken.job, taken.kind, { ...options, stopping: stopping.signal })
      running.set(run, taken.kind)
      void run.finally(() => {
        running.delete(run)
      })
    }
  }

  async function turn() {
    await guarded(takeAll)
    const isAble = bar === null
    if (!stopping.signal.aborted)
      timer = setTimeout(again, isAble ? interval : barredLooks * interval)
  }

  let turning = turn()
  const again = () => {
    turning = turn()
  }
  const tendOnce = () => guarded(() => tend(pool, kinds))
  let tending = tendOnce()
  const cron = new Cron(lookAtSchedules, { protect: true, unref: true }, () => {
    tending = tendOnce()
    return tending
  })

  return {
    async stop(): Promise<void> {
      cron.stop()
      stopping.abort()
      clearTimeout(timer)
      await Promise.all([turning, tending])
      // what does not heed its signal is taken for lost, and done again
      await Promise.race([Promise.all(running.keys()), sleep(stopTimeout)])
    },
  }
}

/** Runs what is due, one after the other, until nothing is, or `signal` puts the last one back. @throws when the queue cannot be asked */
export async function runDueJobs({
  signal,
  ...options
}: WorkOptions & { readonly signal: AbortSignal }): Promise<void> {
  const { pool, kinds, worker } = options
  if ((await barOf(pool)) !== null) return
  await tend(pool, kinds)
  while (!signal.aborted) {
    const taken = await take(pool, kinds, worker)
    if (!taken) return
    await runJob(taken.job, taken.kind, { ...options, stopping: signal })
  }
}

async function barOf(pool: Pool): Promise<string | null> {
  const [found] = await pool.transaction({ access: 'read only', deadline: patience }, (db) =>
    db.run(whatBarsJobs),
  )
  return found?.reason ?? null
}

/** Starts what a schedule says, and gives back what fell silent. */
const tend = (pool: Pool, kinds: readonly JobKind[]): Promise<void> =>
  pool.transaction({ access: 'read write', deadline: patience }, async (db) => {
    await meetSchedules(db, kinds)
    await db.run(reapJobs)
  })

async function take(pool: Pool, kinds: readonly JobKind[], worker: string) {
  const names = kinds.map(({ name }) => name)
  const [job] = await pool.transaction({ access: 'read write', deadline: patience }, (db) =>
    db.run(takeJob, { names, worker }),
  )
  const kind = kinds.find(({ name }) => name === job?.kind)
  return job && kind ? { job, kind } : undefined
}

const sleep = (duration: number) => new Promise<void>((resolve) => setTimeout(resolve, duration))
