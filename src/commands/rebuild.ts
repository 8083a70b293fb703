import { rebuild, rebuildSteps } from '../db/rollup/rebuild.ts'
import { counted } from './grouped.ts'
import { inSteps } from './in-steps.ts'

/** `rebuild`: recounts every rollup beside writers, with a line for each, and commits them all at once. */
export const runRebuild = inSteps({
  name: 'rebuild',
  failed: 'mended',
  limits: { statementTimeout: 0, lockTimeout: 0, idleInTransactionTimeout: 0 },
  async work({ pool, signal, begin, done }) {
    begin(rebuildSteps)
    const rebuilt = new Map<string, number>()
    await rebuild(
      pool,
      ({ rollup, mended }) => {
        const isCounted = rollup !== 'deltas'
        if (isCounted) rebuilt.set(rollup, mended)
        done(mended, isCounted ? textOf(rollup, mended) : '')
      },
      signal,
    )
    return ({ stdout, tell }) => {
      tell?.({ mended: Object.fromEntries(rebuilt) })
      stdout.write('The rollups are rebuilt.\n')
      return 0
    }
  },
})

const textOf = (rollup: string, mended: number) =>
  `${rollup}: ${counted(mended, 'entry', 'entries')} mended\n`
