import type { Pool } from '../db/database.ts'
import { openPool } from '../db/pool/pool.ts'
import { isConnectionLost, tellFailure } from './failure.ts'
import { untilInterrupted } from './interruption.ts'
import type { DatabaseCommand } from './on-database.ts'
import { progressOn } from './progress.ts'
import type { Terminal } from './terminal.ts'

type RollupCommand = {
  /** The command's name. */
  readonly name: string
  /** How often `done` is called. */
  readonly steps: number
  /** What did not happen to anything when it fails, in the past. */
  readonly failed: string
  /** Of its connection, ms, where they are not the server's. */
  readonly limits?: { readonly lockTimeout: number; readonly idleInTransactionTimeout: number }
  readonly work: (over: {
    readonly pool: Pool
    readonly signal: AbortSignal
    /** A rollup is done, that many of its rows: its lines come at once, or after the bar where there is one. */
    readonly done: (rows: number, lines: string) => void
  }) => Promise<(terminal: Terminal) => number>
}

/**
 * A command that goes over the rollups, one after another, on one connection and without a limit of time. What `work`
 * returns writes the end and gives the exit code; a lost connection and Ctrl-C (130) are told in one line.
 */
export const overRollups =
  ({ name, steps, failed, limits, work }: RollupCommand): DatabaseCommand =>
  ({ url, config }, _flags, terminal) =>
    untilInterrupted(async (signal) => {
      const { stdout, stderr } = terminal
      const pool = openPool(url, {
        ...config,
        size: 1,
        statementTimeout: 0,
        ...limits,
        applicationName: `shopboard ${name}`,
        on: () => {},
      })
      const progress = progressOn(terminal)
      const bar = stderr.isTTY ? progress.step(name, steps) : undefined
      const kept: string[] = []
      let step = 0
      let total = 0
      const done = (rows: number, lines: string) => {
        total += rows
        bar?.update(++step, total)
        if (bar) kept.push(lines)
        else stdout.write(lines)
      }
      try {
        const end = await work({ pool, signal, done })
        bar?.end()
        stdout.write(kept.join(''))
        return end(terminal)
      } catch (error) {
        progress.stop()
        if (!signal.aborted && !isConnectionLost(error)) throw error
        return tellFailure(stderr, error, signal, failed)
      } finally {
        await pool.close()
      }
    })
