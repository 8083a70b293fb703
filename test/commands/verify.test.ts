import { describe, expect, it } from 'vitest'
import { runVerify } from '../../src/commands/verify.ts'
import { useDatabase } from '../support/database.ts'
import { insertComment } from '../support/factories.ts'
import { plant } from '../support/plant.ts'
import { commandDatabase, recordingTerminal } from './terminal.ts'

describe('verify', () => {
  const database = useDatabase()
  const verify = async () => {
    const terminal = recordingTerminal()
    const code = await runVerify(commandDatabase(database.url), {}, terminal)
    expect(terminal.written.stderr).toBe('')
    return { code, lines: terminal.written.stdout.trimEnd().split('\n') }
  }

  it('writes a line for each rollup and returns 0 while none drifts', async () => {
    await insertComment(database.sql)
    const { code, lines } = await verify()
    expect(code).toBe(0)
    expect(lines.slice(0, 2)).toEqual([
      'triggers: 24 entries, no drift',
      'totals: 4 entries, no drift',
    ])
    for (const line of lines) expect(line).toMatch(/^\w+: ([\d,]+ entries|1 entry), no drift$/)
  })

  it('shows examples and returns 1 when one drifts', async () => {
    await database.sql`select rollup.fold()`
    await plant(database.sql, 'update rollup.totals set n = n + 1234')
    const { code, lines } = await verify()
    expect(code).toBe(1)
    expect(lines.slice(1, 3)).toEqual([
      'totals: 4 entries, 4 drift',
      expect.stringMatching(/^ {2}\d: 123[45], recounted [01]$/),
    ])
  })
})
