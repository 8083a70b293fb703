import { openPool } from '../db/pool/pool.ts'
import { type Verification, verify } from '../db/rollup/verify.ts'
import { grouped } from './grouped.ts'
import type { DatabaseCommand } from './on-database.ts'

/** `verify`: recounts everything, writes a line for each rollup as it is done, and returns 1 on any drift. */
export const runVerify: DatabaseCommand = async ({ url, config }, _flags, { stdout }) => {
  const pool = openPool(url, {
    ...config,
    size: 1,
    statementTimeout: 0,
    applicationName: 'shopboard verify',
    on: () => {},
  })
  try {
    const verifications = await verify(pool, (verification) => {
      stdout.write(textOf(verification))
    })
    const drifted = verifications.filter(({ drift }) => drift > 0)
    if (drifted.some(({ rollup }) => rollup === 'triggers')) stdout.write(triggerAdvice)
    if (drifted.some(({ rollup }) => rollup !== 'triggers')) stdout.write(driftAdvice)
    return drifted.length > 0 ? 1 : 0
  } finally {
    await pool.close()
  }
}

const triggerAdvice =
  'Writes may go uncounted while triggers are not as they were made: docs/rollups.md says how to mend them.\n'
const driftAdvice = 'To recount and mend them: npm run shopboard -- rebuild\n'

function textOf({ rollup, entries, drift, examples }: Verification): string {
  const found = `${rollup}: ${grouped(entries)} entries, ${drift === 0 ? 'no' : grouped(drift)} drift`
  return [found, ...examples.map((example) => `  ${example}`), ''].join('\n')
}
