import { openPool } from '../db/pool/pool.ts'
import { rebuild, rebuildSteps } from '../db/rollup/rebuild.ts'
import { isConnectionLost, tellFailure } from './failure.ts'
import { counted } from './grouped.ts'
import { untilInterrupted } from './interruption.ts'
import type { DatabaseCommand } from './on-database.ts'
import { progressOn } from './progress.ts'

/**
 * `rebuild`: recounts every rollup beside writers, writes a line for each as it is done (after its bar where there is one), and
 * commits them all at once. Ctrl-C mends nothing: exit code 130.
 */
export const runRebuild: DatabaseCommand = ({ url, config }, _flags, terminal) =>
  untilInterrupted(async (signal) => {
    const { stdout, stderr } = terminal
    const pool = openPool(url, {
      ...config,
      size: 1,
      statementTimeout: 0,
      lockTimeout: 0,
      idleInTransactionTimeout: 0,
      applicationName: 'shopboard rebuild',
      on: () => {},
    })
    const progress = progressOn(terminal)
    const bar = stderr.isTTY ? progress.step('rebuild', rebuildSteps) : undefined
    const rebuilt = new Map<string, number>()
    try {
      await rebuild(
        pool,
        ({ rollup, mended }) => {
          bar?.update(rebuilt.size + 1, mended)
          if (rollup === 'deltas') return
          rebuilt.set(rollup, mended)
          if (!bar) stdout.write(textOf(rollup, mended))
        },
        signal,
      )
      bar?.end()
      if (bar) for (const [rollup, mended] of rebuilt) stdout.write(textOf(rollup, mended))
      terminal.tell?.({ mended: Object.fromEntries(rebuilt) })
      stdout.write('The rollups are rebuilt.\n')
      return 0
    } catch (error) {
      progress.stop()
      if (!signal.aborted && !isConnectionLost(error)) throw error
      return tellFailure(stderr, error, signal, 'mended')
    } finally {
      await pool.close()
    }
  })

const textOf = (rollup: string, mended: number) =>
  `${rollup}: ${counted(mended, 'entry', 'entries')} mended\n`
