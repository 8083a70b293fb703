import { tellFailure } from '../failure.ts'
import { grouped } from '../grouped.ts'
import { untilInterrupted } from '../interruption.ts'
import type { DatabaseCommand } from '../on-database.ts'
import { progressOn } from '../progress.ts'
import { countsFor, totalOf } from './counts.ts'
import { demo } from './demo.ts'

export type DemoFlags = {
  readonly users: number
  readonly seed: number
  readonly until?: Date
  readonly append?: boolean
}

/** `demo`: writes a community, tells its rows and seconds, and returns 0. Ctrl-C rolls back: exit code 130. */
export const runDemo: DatabaseCommand<DemoFlags> = ({ url }, flags, terminal) =>
  untilInterrupted(async (signal) => {
    const start = performance.now()
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
      const seconds = ((performance.now() - start) / 1000).toFixed(1)
      const written = Object.entries(counts).map(([table, rows]) => `${grouped(rows)} ${table}`)
      terminal.stdout.write(`${written.join(', ')} in ${seconds} s.\n`)
      return 0
    } catch (error) {
      progress.stop()
      return tellFailure(terminal.stderr, error, signal, 'written')
    }
  })
