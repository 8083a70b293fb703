import { describe, expect, it } from 'vitest'
import { runRebuild } from '../../src/commands/rebuild.ts'
import { runVerify } from '../../src/commands/verify.ts'
import { useDatabase } from '../support/database.ts'
import { insertComment } from '../support/factories.ts'
import { plant } from '../support/plant.ts'
import { commandDatabase, recordingTerminal } from './terminal.ts'

describe('rebuild', () => {
  const database = useDatabase()
  const run = async (command: typeof runRebuild) => {
    const terminal = recordingTerminal()
    const code = await command(commandDatabase(database.url), {}, terminal)
    expect(terminal.written.stderr).toBe('')
    return { code, lines: terminal.written.stdout.trimEnd().split('\n') }
  }

  it('mends what verify found and writes a line for each rollup', async () => {
    await insertComment(database.sql)
    await database.sql`select rollup.fold()`
    await plant(database.sql, 'update rollup.totals set n = n + 1 where kind = 0')
    expect(await run(runVerify)).toMatchObject({
      code: 1,
      lines: expect.arrayContaining(['To recount and mend them: npm run shopboard -- rebuild']),
    })
    expect(await run(runRebuild)).toEqual({
      code: 0,
      lines: [
        'totals: 1 entry mended',
        'counts: 0 entries mended',
        'user_days: 0 entries mended',
        'active_users: 0 entries mended',
        'post_comments: 0 entries mended',
        'user_totals: 0 entries mended',
        'retention: 0 entries mended',
        'The rollups are rebuilt.',
      ],
    })
    expect(await run(runVerify)).toMatchObject({ code: 0 })
  })
})
