import { openPool } from '../db/pool/pool.ts'
import { rebuild } from '../db/rollup/rebuild.ts'
import { grouped } from './grouped.ts'
import type { DatabaseCommand } from './on-database.ts'

/** `rebuild`: recounts every rollup beside writers, writes a line for each as it is done, and commits them all at once. */
export const runRebuild: DatabaseCommand = async ({ url, config }, _flags, { stdout }) => {
  const pool = openPool(url, {
    ...config,
    size: 1,
    statementTimeout: 0,
    lockTimeout: 0,
    idleInTransactionTimeout: 0,
    applicationName: 'shopboard rebuild',
    on: () => {},
  })
  try {
    await rebuild(pool, ({ rollup, mended }) => {
      if (rollup !== 'deltas') stdout.write(`${rollup}: ${grouped(mended)} entries mended\n`)
    })
    stdout.write('The rollups are rebuilt.\n')
    return 0
  } finally {
    await pool.close()
  }
}
