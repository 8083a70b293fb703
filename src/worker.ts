import { createApp } from './app.ts'
import { ConfigError } from './config.ts'
import { foldFor } from './db/rollup/fold.ts'
import { runJobs } from './edge/jobs.ts'
import { observe } from './edge/log.ts'
import { misconfigured, sayOnce } from './edge/misconfigured.ts'
import { openEdgePool, readEdge, servicesOf } from './edge/services.ts'
import type { Bindings } from './http/context.ts'

type App = ReturnType<typeof createApp>
type ExecutionContext = Parameters<App['fetch']>[2]

/** ms from one run of the Cron Trigger to the next, less what the last fold may take. */
const turn = 55_000

let app: App | undefined

export default {
  fetch(request: Request, env: Bindings, execution: ExecutionContext) {
    try {
      app ??= createApp(servicesOf(readEdge(env)))
    } catch (error) {
      if (error instanceof ConfigError) return misconfigured(request, error)
      throw error
    }
    return app.fetch(request, env, execution)
  },

  /**
   * Folds the rollups every `FOLD_INTERVAL` until the next minute, and beside that runs the jobs that are due: a Worker has no
   * background work of its own.
   */
  async scheduled(_event: unknown, env: Bindings) {
    try {
      const edge = readEdge(env)
      const pool = openEdgePool(edge, 'shopboard-worker cron')
      const jobs = runJobs(edge).catch((error: unknown) => observe({ type: 'jobs_failed', error }))
      await foldFor(turn, { pool, interval: edge.config.foldInterval }).finally(() => jobs)
    } catch (error) {
      if (error instanceof ConfigError) sayOnce(error)
      else observe({ type: 'fold_failed', error })
      throw error // the platform counts the run as failed
    }
  },
}
