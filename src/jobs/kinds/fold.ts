import { z } from 'zod'
import { fold } from '../../db/rollup/fold.ts'
import { jobKind } from '../job.ts'
import { inBatches } from './batches.ts'

/** What servers do every second, as a job: its rows are the deltas that they had left. */
export const foldRollups = jobKind({
  name: 'fold',
  summary: 'Folds what is pending into the rollups, as servers do every second.',
  params: z.strictObject({}),
  isStartable: true,
  isSingle: true,
  schedule: '*/15 * * * *',
  work: (job) =>
    inBatches(job, async (db) => (await db.run(fold)).map(({ folded }) => ({ n: folded }))),
})
