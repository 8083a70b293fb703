import { inspect } from 'node:util'
import type { Observer } from '../observability/observation.ts'
import { whenOrphaned } from './orphaned.ts'

type Close = () => Promise<void>

export type Shutdown = {
  /** Registers what the shutdown closes: the last one registered first. */
  readonly defer: (close: Close) => void
  /** Aborts when the shutdown begins: for work that is better given up than waited for. */
  readonly signal: AbortSignal
  /** Ends a program that cannot start or go on: writes the error's message to standard error, exit code 1. */
  readonly fail: (error: unknown) => Promise<never>
  /** Receives the failures nobody caught; prints them to standard error until the log is open. */
  observe: Observer
}

/** ms in which a second signal counts as the same Ctrl-C: the terminal sends one, and npm passes on another. */
const repeatWindow = 300
/** ms for everything to close. */
const closeTimeout = 30_000

/**
 * Shuts the process down in order on SIGINT, SIGTERM or SIGHUP or when npm is gone, and at once on a second
 * signal. The process survives an unhandled rejection and ends after an uncaught exception; both are observed.
 */
export function gracefulShutdown(): Shutdown {
  const deferred: Close[] = []
  const beginning = new AbortController()
  const { signal } = beginning
  let begunAt = 0

  async function begin(exitCode: number): Promise<never> {
    begunAt = performance.now()
    beginning.abort()
    setTimeout(() => process.exit(exitCode || 1), closeTimeout).unref()
    for (let close = deferred.pop(); close; close = deferred.pop()) {
      await close().catch((error: unknown) => shutdown.observe({ type: 'close_failed', error }))
    }
    process.exit(exitCode)
  }
  const beginOnce = (exitCode: number) => {
    if (!signal.aborted) void begin(exitCode)
  }

  const shutdown: Shutdown = {
    defer: (close) => deferred.push(close),
    signal,
    async fail(error) {
      if (signal.aborted) return new Promise(() => {}) // The shutdown caused it.
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
      return begin(1)
    },
    observe: (observation) => process.stderr.write(`${inspect(observation)}\n`),
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (signal.aborted && performance.now() - begunAt > repeatWindow) process.exit(130)
      beginOnce(0)
    })
  }
  whenOrphaned(() => beginOnce(0))
  process.on('unhandledRejection', (error) =>
    shutdown.observe({ type: 'unhandled_rejection', error }),
  )
  process.on('uncaughtException', (error) => {
    shutdown.observe({ type: 'uncaught_exception', error })
    beginOnce(1)
  })
  return shutdown
}
