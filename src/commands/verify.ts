import { openPool } from '../db/pool/pool.ts'
import { type Verification, verify } from '../db/rollup/verify.ts'
import { grouped } from './grouped.ts'
import type { DatabaseCommand } from './on-database.ts'

/** `verify`: recounts everything, writes a line for each rollup, and returns 1 on any drift. */
export const runVerify: DatabaseCommand = async ({ url, config }, _flags, { stdout }) => {
  const pool = openPool(url, {
    ...config,
    size: 1,
    statementTimeout: 0,
    applicationName: 'shopboard verify',
    on: () => {},
  })
  try {
    const verifications = await verify(pool)
    for (const verification of verifications) stdout.write(textOf(verification))
    return verifications.some(({ drift }) => drift > 0) ? 1 : 0
  } finally {
    await pool.close()
  }
}

function textOf({ rollup, entries, drift, examples }: Verification): string {
  const found = `${rollup}: ${grouped(entries)} entries, ${drift === 0 ? 'no' : grouped(drift)} drift`
  return [found, ...examples.map((example) => `  ${example}`), ''].join('\n')
}
