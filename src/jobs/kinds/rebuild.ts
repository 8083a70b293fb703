import { z } from 'zod'
import { rebuild, rebuildSteps } from '../../db/rollup/rebuild.ts'
import { jobKind } from '../job.ts'

/** `shopboard rebuild`, as a job: it takes the right to execute `rollup.rebuild`. */
export const rebuildRollups = jobKind({
  name: 'rebuild',
  summary: 'Recounts the rollups beside readers and writers, and mends what differs.',
  params: z.strictObject({}),
  isStartable: true,
  isSingle: true,
  isLong: true,
  async work({ pool, signal, progress }) {
    const mended = new Map<string, number>()
    await rebuild(
      pool,
      ({ rollup, mended: n }) => {
        if (rollup === 'totals') mended.clear()
        mended.set(rollup, n)
        progress(mended.size, rebuildSteps)
      },
      signal,
    )
    mended.delete('deltas')
    const rows = [...mended.values()].reduce((sum, n) => sum + n, 0)
    return { rows, mended: Object.fromEntries(mended) }
  },
})
