import { expect, it } from 'vitest'
import { runMigrate } from '../../src/commands/migrate.ts'
import { onDatabase } from '../../src/commands/on-database.ts'
import { createTestDatabase } from '../support/database.ts'
import { recordingTerminal } from './terminal.ts'

it('brings the schema up to date and says so, the second time too', async () => {
  const { url, sql, drop } = await createTestDatabase({ migrated: false })
  for (let time = 1; time <= 2; time++) {
    const terminal = recordingTerminal()
    expect(await onDatabase(runMigrate, {}, terminal, { DATABASE_URL: url })).toBe(0)
    expect(terminal.written).toEqual({ stdout: 'The schema is up to date.\n', stderr: '' })
  }
  expect(await sql`select from posts`).toEqual([])
  await drop()
})
