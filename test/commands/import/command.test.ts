import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { demo } from '../../../src/commands/demo/demo.ts'
import { type ImportFlags, runImport } from '../../../src/commands/import/command.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { type RunningCli, startCli } from '../../support/cli.ts'
import { createTestDatabase, useDatabase } from '../../support/database.ts'
import { openTestPool } from '../../support/pool.ts'
import { commandDatabase, recordingTerminal } from '../terminal.ts'
import { directoryOf, postsCsv } from './directory.ts'

const database = useDatabase()
beforeEach(async () => {
  await database.sql`truncate users, posts, comments, sessions restart identity cascade`
  await database.sql`select rollup.fold()`
})

describe('import as a command', () => {
  const run = async (
    files: Record<string, string>,
    flags: Omit<ImportFlags, 'directory'> = {},
    url = database.url,
  ) => {
    const terminal = recordingTerminal()
    const directory = await directoryOf(files)
    const code = await runImport(commandDatabase(url), { directory, ...flags }, terminal)
    return { code, directory, ...terminal.written }
  }

  it('tells what became of the rows of each file, and returns 0', async () => {
    const { code, directory, stdout, stderr } = await run({
      'users.csv': 'id,username\n1,Ann\n2,\n',
      'posts.csv': 'id,author_id\n1,1\n2,77\n',
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [, summary = ''] = stdout.split('\n\n')
    expect(summary).toBe(
      [
        '       kept  skipped  differing  rejected  authors set null',
        'users     1        0          0         1                 0',
        'posts     2        0          0         0                 1',
      ].join('\n'),
    )
    expect(stdout).toContain(`\nRejected rows and why: ${directory}/rejects-users.csv\n`)
    expect(stdout).toMatch(/\nImported 3 rows in \d+\.\d s\.\n$/)
  })

  it('returns 2 and keeps nothing with --strict when a row is rejected', async () => {
    const { code, stdout } = await run(
      { 'users.csv': 'id,username\n1,Ann\n2,\n' },
      { strict: true },
    )
    expect(code).toBe(2)
    expect(stdout).toMatch(
      /\nNothing was imported: rows were rejected and --strict allows none\.\n$/,
    )
    expect(await database.sql`select from users`).toHaveLength(0)
    const trial = await run(
      { 'users.csv': 'id,username\n1,Ann\n2,\n' },
      { strict: true, dryRun: true },
    )
    expect(trial.code).toBe(2)
    expect(trial.stdout).toContain('\nNothing was imported: rows were rejected')
  })

  it.each([
    ['of which no row could be kept', { 'users.csv': 'id,username\n1,\n' }, 2],
    ['that is no NDJSON', { 'users.ndjson': '[\n{"id":1},\n]\n' }, 2],
    ['of orphans', { 'posts.csv': 'id\n1\n', 'comments.csv': 'id,post_id,body\n1,7,a\n' }, 2],
    ['without rows', { 'users.csv': 'id,username\n', 'posts.ndjson': '' }, 0],
    ['of which one row was kept', { 'users.csv': 'id,username\n1,\n2,Ben\n' }, 0],
  ])('returns by a file %s', async (_, files, wanted) => {
    const { code, stderr } = await run(files)
    expect({ code, stderr }).toEqual({ code: wanted, stderr: '' })
  })

  it('returns 0 the second time, and 2 when all that is there differs', async () => {
    const files = { 'users.csv': 'id,username\n1,Ann\n' }
    expect((await run(files)).stdout).toMatch(/\nImported 1 row in /)
    expect((await run(files)).code).toBe(0)
    const { code, stdout } = await run({ 'users.csv': 'id,username\n1,Ben\n' })
    expect(code).toBe(2)
    expect(stdout).toContain(
      '\nusers: 1 row that is there differs from the file and stayed: 1 (username)\n',
    )
  })

  it('keeps nothing with --dry-run, and tells the same', async () => {
    const files = { 'users.csv': 'id,username\n100,Ann\n2,\n' }
    const { code, stdout, directory } = await run(files, { dryRun: true })
    expect(code).toBe(0)
    expect(stdout).toContain(`\nRejected rows and why: ${directory}/rejects-users.csv\n`)
    expect(stdout).toMatch(
      /\nNothing was kept, as --dry-run asks: an import would bring 1 row\.\n$/,
    )
    expect(await database.sql`select from users`).toEqual([])
    expect(await database.sql`select nextval('users_id_seq')::integer as id`).toEqual([{ id: 1 }])
    expect((await run({ 'users.csv': 'id,username\n1,\n' }, { dryRun: true })).code).toBe(2)
  })

  it('tells that it would replace the demo community with --dry-run', async () => {
    await demo({ databaseUrl: database.url, users: 3 })
    const files = { 'users.csv': 'id,username\n100,Ann\n' }
    const { stdout } = await run(files, { dryRun: true, replace: true })
    expect(stdout).toContain('\nIt would remove the demo community of 3 users.\n')
  })

  it('says what stands in the way of a file of rejected rows', async () => {
    const directory = await directoryOf({ 'users.csv': 'id,username\n1,\n' })
    await mkdir(join(directory, 'rejects-users.csv.partial'))
    const terminal = recordingTerminal()
    const code = await runImport(commandDatabase(database.url), { directory }, terminal)
    expect({ code, stderr: terminal.written.stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /rejects-users\.csv cannot be written: EEXIST.*\. Nothing was imported\.\n$/,
      ),
    })
  })

  it('reads what is separated by something else', async () => {
    const found = await run({ 'users.csv': 'id;username\n1;Ann\n' })
    expect(found.stdout).toContain('users.csv is separated by semicolons.\n')
    const named = await run({ 'posts.csv': 'id^title\n1^T\n' }, { delimiter: '^' })
    expect(named.code).toBe(0)
    expect(named.stdout).not.toContain('separated')
    expect(await database.sql`select title from posts`).toEqual([{ title: 'T' }])
  })

  it('returns 1 and says in one line what is wrong with the files', async () => {
    const { code, stdout, stderr } = await run({ 'users.csv': 'name\nAnn\n' })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^users\.csv has no column id and no username; .* Nothing was imported\.\n$/,
    )
  })

  it('returns 1 and says what to do about a database that is not migrated', async () => {
    const empty = await createTestDatabase({ migrated: false })
    const { code, stderr } = await run({ 'users.csv': 'id,username\n1,Ann\n' }, {}, empty.url)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^The database is not up to date \(.*\): run "migrate" first\. Nothing/)
    await empty.drop()
  })
})

describe('an import on its way', () => {
  afterEach(async () => {
    const pool = openTestPool(database.url)
    try {
      expect((await verify(pool)).filter(({ drift }) => drift > 0)).toEqual([])
    } finally {
      await pool.close()
    }
  })

  const sessions = (state: string) => database.sql`
    select from pg_stat_activity
    where datname = current_database() and application_name = 'shopboard bulk' and query like ${state}`
  const isInserting = async () => (await sessions('%insert into%')).length > 0
  const isGone = async () => (await sessions('%')).length === 0
  const count = async () => (await database.sql`select from posts`).length

  /** The command on its way into the database, its rows not yet committed. */
  async function importing(): Promise<RunningCli> {
    const directory = await directoryOf({ 'posts.csv': postsCsv(200_000) })
    const cli = startCli(['import', directory], { DATABASE_URL: database.url })
    await expect.poll(isInserting, { interval: 5 }).toBe(true)
    return cli
  }

  it('leaves nothing behind when killed', async () => {
    const { child } = await importing()
    child.kill('SIGKILL')
    await expect.poll(isGone, { interval: 20 }).toBe(true)
    expect(await count()).toBe(0)
    expect(await database.sql`select from rollup.deltas`).toHaveLength(0)
    expect(await database.sql`select from pg_class where relname like 'import_%'`).toHaveLength(0)
  })

  it('rolls back on Ctrl-C, and says so', async () => {
    const { child, ended, stderr } = await importing()
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(stderr()).toContain('Interrupted. Nothing was imported.')
    await expect.poll(isGone, { interval: 20 }).toBe(true)
    expect(await count()).toBe(0)
  })

  it('fails in one line when the database goes away', async () => {
    const { ended, stderr } = await importing()
    await database.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'shopboard bulk'`
    expect(await ended).toBe(1)
    expect(stderr()).toBe('The connection to the database was lost. Nothing was imported.\n')
    expect(await count()).toBe(0)
  })
})
