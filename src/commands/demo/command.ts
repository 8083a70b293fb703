import { tellFailure } from '../failure.ts'
import { counted } from '../grouped.ts'
import { untilInterrupted } from '../interruption.ts'
import type { DatabaseCommand } from '../on-database.ts'
import { progressOn } from '../progress.ts'
import type { Terminal } from '../terminal.ts'
import { clearDemo } from './clear.ts'
import { countsFor, type DemoCounts, totalOf } from './counts.ts'
import { demo } from './demo.ts'

export type DemoFlags = {
  readonly users: number
  readonly seed: number
  readonly until?: Date
  readonly append?: boolean
  /** Removes the demo there is, instead of writing one. */
  readonly clear?: boolean
  readonly force?: boolean
}

/** What `--help` says below the flags. */
export const demoHelp = `
The database remembers which rows are invented: an import refuses to mix with them unless it replaces them, and
--clear removes them and nothing else. Where other people's comments or sessions hang on them, it takes --force.
Exit code: 0, 1 on failure, 130 when interrupted (143 by SIGTERM); nothing is written then.`

/**
 * `demo`: writes a community, or clears it, tells its rows and seconds, and returns 0. Ctrl-C rolls back: exit code 130.
 */
export const runDemo: DatabaseCommand<DemoFlags> = ({ url }, flags, terminal) =>
  untilInterrupted(async (signal) => {
    const done = flags.clear ? 'removed' : 'written'
    try {
      await (flags.clear ? clear : write)(url, flags, terminal, signal)
      return 0
    } catch (error) {
      return tellFailure(terminal.stderr, error, signal, done)
    }
  })

type Work = (url: string, flags: DemoFlags, terminal: Terminal, signal: AbortSignal) => unknown

const write: Work = async (url, flags, terminal, signal) => {
  const seconds = secondsFromNow()
  const progress = progressOn(terminal)
  try {
    const step = progress.step('demo', totalOf(countsFor(flags.users)))
    const counts = await demo({
      databaseUrl: url,
      ...flags,
      signal,
      note: progress.note,
      onProgress: (rows) => step.update(rows, rows),
    })
    step.end()
    terminal.tell?.({ written: counts, seconds: seconds() })
    terminal.stdout.write(`${textOf(counts)} in ${seconds().toFixed(1)} s.\n`)
  } finally {
    progress.stop()
  }
}

const clear: Work = async (databaseUrl, { force = false }, terminal, signal) => {
  const seconds = secondsFromNow()
  const { note } = progressOn(terminal)
  const removed = await clearDemo({ databaseUrl, force, signal, note })
  terminal.tell?.({ removed: removed ?? countsFor(0), seconds: seconds() })
  terminal.stdout.write(
    removed
      ? `Removed the demo community: ${textOf(removed)} in ${seconds().toFixed(1)} s.\n`
      : 'There is no demo community in this database.\n',
  )
}

const textOf = (counts: DemoCounts) =>
  Object.entries(counts)
    .map(([table, rows]) => counted(rows, table.slice(0, -1)))
    .join(', ')

function secondsFromNow(): () => number {
  const start = performance.now()
  return () => (performance.now() - start) / 1000
}
