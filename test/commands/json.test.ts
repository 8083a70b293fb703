import { beforeEach, describe, expect, it } from 'vitest'
import { runDemo } from '../../src/commands/demo/command.ts'
import { runImport } from '../../src/commands/import/command.ts'
import { runMigrate } from '../../src/commands/migrate.ts'
import { type DatabaseCommand, onDatabase } from '../../src/commands/on-database.ts'
import { runRebuild } from '../../src/commands/rebuild.ts'
import { runVerify } from '../../src/commands/verify.ts'
import { runCli } from '../support/cli.ts'
import { createTestDatabase, useDatabase } from '../support/database.ts'
import { directoryOf } from './import/directory.ts'
import { recordingTerminal } from './terminal.ts'

const database = useDatabase()
beforeEach(() => database.sql`truncate users, posts, comments, sessions restart identity cascade`)

/** What a command wrote as JSON: one line, which is an object. */
async function run<Flags>(
  name: string,
  command: DatabaseCommand<Flags>,
  flags: Flags,
  url = database.url,
) {
  const terminal = recordingTerminal()
  const options = { json: name, isMigrating: false }
  const code = await onDatabase(command, flags, terminal, { DATABASE_URL: url }, options)
  const { stdout, stderr } = terminal.written
  expect(stdout).toMatch(/^[^\n]*\n$/)
  return { code, stderr, told: JSON.parse(stdout) }
}

describe('--json', () => {
  it('tells an import', async () => {
    const directory = await directoryOf({
      'users.csv': 'id,username,mood\n1,Ann,so\n2,,so\n',
      'votes.csv': '',
    })
    const { code, stderr, told } = await run('import', runImport, { directory })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(told).toEqual({
      command: 'import',
      exitCode: 0,
      dryRun: false,
      committed: true,
      seconds: expect.any(Number),
      notes: ['Left alone: votes.csv.', 'users.csv: ignored columns mood.'],
      tables: [
        {
          table: 'users',
          file: 'users.csv',
          kept: 1,
          skipped: 0,
          differing: 0,
          rejected: 1,
          authorsSetNull: 0,
          rejects: `${directory}/rejects-users.csv`,
          differences: [],
        },
      ],
    })
  })

  it('tells a demo, what verify found and what was mended', async () => {
    const demo = await run('demo', runDemo, { users: 1, seed: 1 })
    expect(demo.told).toMatchObject({
      command: 'demo',
      written: { users: 1, posts: 10, comments: 50, sessions: 10 },
    })
    const verified = await run('verify', runVerify, {})
    expect(verified.told).toMatchObject({ exitCode: 0 })
    expect(verified.told.rollups[1]).toEqual({
      rollup: 'totals',
      entries: 4,
      drift: 0,
      examples: [],
    })
    expect((await run('rebuild', runRebuild, {})).told.mended).toMatchObject({ totals: 0 })
    expect((await run('migrate', runMigrate, {})).told).toEqual({ command: 'migrate', exitCode: 0 })
    expect(
      (await run('demo', runDemo, { users: 1, seed: 1, clear: true })).told.removed,
    ).toMatchObject({ users: 1 })
  })

  it('tells a failure, on stderr too, whatever failed', async () => {
    const missing = await runCli(['import', '/does/not/exist', '--json'], {
      DATABASE_URL: database.url,
    })
    const sentence = '/does/not/exist does not exist. Nothing was imported.'
    expect(missing).toEqual({
      code: 1,
      stderr: `${sentence}\n`,
      stdout: `${JSON.stringify({ command: 'import', exitCode: 1, error: sentence })}\n`,
    })
    const empty = await createTestDatabase({ migrated: false })
    expect((await run('verify', runVerify, {}, empty.url)).told).toMatchObject({
      error: expect.stringContaining('not migrated'),
    })
    expect((await run('verify', runVerify, {}, 'mysql://')).told).toMatchObject({ exitCode: 1 })
    await empty.drop()
  })
})
