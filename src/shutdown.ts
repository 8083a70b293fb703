import { inspect } from 'node:util'
import type { Observer } from './observability/observer.ts'

type Close = () => Promise<void>

export type Shutdown = {
  /** Adds what is to be closed: the last one first. */
  readonly defer: (close: Close) => void
  /** Ends a program that could not start: says why on standard error, exit code 1. */
  readonly because: (error: unknown) => Promise<never>
  /** Who hears of failures nobody caught. */
  observe: Observer
}

/** ms for everything to close after the requests have been given their time. */
const longest = 30_000

/**
 * Ends the process in order on SIGINT, SIGTERM or SIGHUP, and at once on the second of them. A rejection nobody
 * handled is told and survived; an exception nobody caught is told and ends the process.
 */
export function shutdown(): Shutdown {
  const open: Close[] = []
  let isEnding = false

  async function end(code: number): Promise<never> {
    isEnding = true
    setTimeout(() => process.exit(code || 1), longest).unref()
    for (let close = open.pop(); close; close = open.pop()) {
      await close().catch((error: unknown) =>
        handle.observe({ type: 'failure', what: 'Closing failed', error }),
      )
    }
    process.exit(code)
  }

  const handle: Shutdown = {
    defer: (close) => open.push(close),
    async because(error) {
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
      return end(1)
    },
    observe: (observation) => process.stderr.write(`${inspect(observation)}\n`),
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isEnding) process.exit(130)
      void end(0)
    })
  }
  process.on('unhandledRejection', (error) =>
    handle.observe({ type: 'failure', what: 'A rejection was not handled', error }),
  )
  process.on('uncaughtException', (error) => {
    handle.observe({ type: 'failure', what: 'An exception was not caught', error })
    if (!isEnding) void end(1)
  })
  return handle
}
