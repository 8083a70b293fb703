import { openPool } from '../db/pool/pool.ts'
import { type Verification, verificationCount, verify } from '../db/rollup/verify.ts'
import { shopboard } from '../invocation.ts'
import { isConnectionLost, tellFailure } from './failure.ts'
import { counted, grouped } from './grouped.ts'
import { untilInterrupted } from './interruption.ts'
import type { DatabaseCommand } from './on-database.ts'
import { progressOn } from './progress.ts'

/**
 * `verify`: recounts everything, writes a line for each rollup as it is done (after its bar where there is one), and returns 1
 * on any drift, 130 on Ctrl-C.
 */
export const runVerify: DatabaseCommand = ({ url, config }, _flags, terminal) =>
  untilInterrupted(async (signal) => {
    const { stdout, stderr } = terminal
    const pool = openPool(url, {
      ...config,
      size: 1,
      statementTimeout: 0,
      applicationName: 'shopboard verify',
      on: () => {},
    })
    const progress = progressOn(terminal)
    const bar = stderr.isTTY ? progress.step('verify', verificationCount) : undefined
    let done = 0
    let entries = 0
    try {
      const verified = await verify(
        pool,
        (one) => {
          entries += one.entries
          if (bar) bar.update(++done, entries)
          else stdout.write(textOf(one))
        },
        signal,
      )
      bar?.end()
      if (bar) stdout.write(verified.map(textOf).join(''))
      terminal.tell?.({ rollups: verified })
      const drifted = verified.filter(({ drift }) => drift > 0)
      if (drifted.some(({ rollup }) => rollup === 'triggers')) stdout.write(triggerAdvice)
      if (drifted.some(({ rollup }) => rollup !== 'triggers')) stdout.write(driftAdvice)
      return drifted.length > 0 ? 1 : 0
    } catch (error) {
      progress.stop()
      if (!signal.aborted && !isConnectionLost(error)) throw error
      return tellFailure(stderr, error, signal, 'changed')
    } finally {
      await pool.close()
    }
  })

const triggerAdvice =
  'Writes may go uncounted while triggers are not as they were made: docs/rollups.md says how to mend them.\n'
const driftAdvice = `To recount and mend them: ${shopboard} rebuild\n`

function textOf({ rollup, entries, drift, examples }: Verification): string {
  const found = `${rollup}: ${counted(entries, 'entry', 'entries')}, ${drift === 0 ? 'no' : grouped(drift)} drift`
  return [found, ...examples.map((example) => `  ${example}`), ''].join('\n')
}
