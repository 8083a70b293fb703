import { inspect } from 'node:util'
import type { Observer } from '../observability/observation.ts'
import { whenOrphaned } from './orphaned.ts'

type Close = () => Promise<void>

export type Shutdown = {
  /** Adds what is to be closed: the last one first. */
  readonly defer: (close: Close) => void
  /** Aborts when the end begins: for what is better given up than waited for. */
  readonly signal: AbortSignal
  /** Ends a program that could not start: says why on standard error, exit code 1. */
  readonly fail: (error: unknown) => Promise<never>
  /** Who hears of failures nobody caught. */
  observe: Observer
}

/** ms in which a second signal is the same Ctrl-C: the terminal's, and npm's that passes it on. */
const repeatWindow = 300
/** ms for everything to close. */
const closeTimeout = 30_000

/**
 * Ends the process in order on SIGINT, SIGTERM or SIGHUP or when npm is gone, and at once on a second signal. A rejection nobody
 * handled is told and survived; an exception nobody caught is told and ends the process.
 */
export function shutdown(): Shutdown {
  const open: Close[] = []
  const ending = new AbortController()
  const { signal } = ending
  let begun = 0

  async function end(code: number): Promise<never> {
    begun = performance.now()
    ending.abort()
    setTimeout(() => process.exit(code || 1), closeTimeout).unref()
    for (let close = open.pop(); close; close = open.pop()) {
      await close().catch((error: unknown) =>
        handle.observe({ type: 'failure', what: 'Closing failed', error }),
      )
    }
    process.exit(code)
  }

  const handle: Shutdown = {
    defer: (close) => open.push(close),
    signal,
    async fail(error) {
      if (signal.aborted) return new Promise(() => {}) // The end interrupted the start.
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
      return end(1)
    },
    observe: (observation) => process.stderr.write(`${inspect(observation)}\n`),
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (!signal.aborted) void end(0)
      else if (performance.now() - begun > repeatWindow) process.exit(130)
    })
  }
  whenOrphaned(() => {
    if (!signal.aborted) void end(0)
  })
  process.on('unhandledRejection', (error) =>
    handle.observe({ type: 'failure', what: 'A rejection was not handled', error }),
  )
  process.on('uncaughtException', (error) => {
    handle.observe({ type: 'failure', what: 'An exception was not caught', error })
    if (!signal.aborted) void end(1)
  })
  return handle
}
