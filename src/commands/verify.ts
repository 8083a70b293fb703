import { type Verification, verificationCount, verify } from '../db/rollup/verify.ts'
import { shopboard } from '../invocation.ts'
import { counted, grouped } from './grouped.ts'
import { inSteps } from './in-steps.ts'

/** `verify`: recounts everything, with a line for each rollup; 1 on any drift. */
export const runVerify = inSteps({
  name: 'verify',
  failed: 'changed',
  limits: { statementTimeout: 0 },
  async work({ pool, signal, begin, done }) {
    begin(verificationCount)
    const verified = await verify(pool, (one) => done(one.entries, textOf(one)), signal)
    return ({ stdout, tell }) => {
      tell?.({ rollups: verified })
      const drifted = verified.filter(({ drift }) => drift > 0)
      if (drifted.some(({ rollup }) => rollup === 'triggers')) stdout.write(triggerAdvice)
      if (drifted.some(({ rollup }) => rollup !== 'triggers')) stdout.write(driftAdvice)
      return drifted.length > 0 ? 1 : 0
    }
  },
})

const triggerAdvice =
  'Writes may go uncounted while triggers are not as they were made: docs/rollups.md says how to mend them.\n'
const driftAdvice = `To recount and mend them: ${shopboard} rebuild\n`

function textOf({ rollup, entries, drift, examples }: Verification): string {
  const found = `${rollup}: ${counted(entries, 'entry', 'entries')}, ${drift === 0 ? 'no' : grouped(drift)} drift`
  return [found, ...examples.map((example) => `  ${example}`), ''].join('\n')
}
