import type { Pool } from '../db/database.ts'
import { openPool } from '../db/pool/pool.ts'
import { isConnectionLost, tellFailure } from './failure.ts'
import { untilInterrupted } from './interruption.ts'
import type { DatabaseCommand } from './on-database.ts'
import { progressOn } from './progress.ts'
import type { Terminal } from './terminal.ts'

/** What `work` of a command in steps has. */
type Steps = {
  readonly pool: Pool
  readonly signal: AbortSignal
  /** Lines that come at once, or after the bar where there is one. */
  readonly say: (lines: string) => void
  /** Says how many steps are to come, of what. */
  readonly begin: (steps: number, unit?: string) => void
  /** A step is done, that many rows, with its lines. */
  readonly done: (rows: number, lines: string) => void
}

type StepsCommand<Flags> = {
  /** The command's name. */
  readonly name: string
  /** What did not happen to anything when it fails, in the past. */
  readonly failed: string
  /** Of its connection, ms, where they are not the server's. */
  readonly limits?: {
    readonly statementTimeout: number
    readonly lockTimeout?: number
    readonly idleInTransactionTimeout?: number
  }
  /** What it gives writes the end, and gives the exit code. */
  readonly work: (steps: Steps, flags: Flags) => Promise<(terminal: Terminal) => number>
}

/** A command that goes step by step, on one connection; a lost connection and Ctrl-C (130) are told in one line. */
export const inSteps =
  <Flags = Record<never, never>>({
    name,
    failed,
    limits,
    work,
  }: StepsCommand<Flags>): DatabaseCommand<Flags> =>
  ({ url, config }, flags, terminal) =>
    untilInterrupted(async (signal) => {
      const { stdout, stderr } = terminal
      const pool = openPool(url, {
        ...config,
        size: 1,
        ...limits,
        applicationName: `shopboard ${name}`,
        on: () => {},
      })
      const progress = progressOn(terminal)
      let bar: ReturnType<typeof progress.step> | undefined
      const kept: string[] = []
      let step = 0
      let total = 0
      const begin = (steps: number, unit?: string) => {
        bar = stderr.isTTY ? progress.step(name, steps, unit) : undefined
      }
      const say = (lines: string) => {
        if (bar) kept.push(lines)
        else stdout.write(lines)
      }
      const done = (rows: number, lines: string) => {
        total += rows
        bar?.update(++step, total)
        say(lines)
      }
      try {
        const end = await work({ pool, signal, say, begin, done }, flags)
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
