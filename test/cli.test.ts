import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished } from 'vitest'
import { directoryOf } from './commands/import/directory.ts'
import { program, runCli } from './support/cli.ts'
import { createTestDatabase, useDatabase } from './support/database.ts'
import { plant } from './support/plant.ts'
import { useRole } from './support/role.ts'

describe('shopboard', () => {
  const database = useDatabase()
  const reader = useRole(
    database,
    'grant usage on schema rollup to ROLE; grant select on all tables in schema public, rollup to ROLE',
  )
  const on = (...args: string[]) => runCli(args, { DATABASE_URL: database.url })

  it('lists its commands with --help', async () => {
    const { code, stdout, stderr } = await runCli(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const command of [
      'migrate [options]',
      'import [options] <dir>',
      'demo [options]',
      'verify [options]',
      'rebuild [options]',
      'explain [options] [statement]',
    ])
      expect(stdout).toContain(`  ${command} `)
  })

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  it('tells the files and exit codes of an import with --help', async () => {
    const { code, stdout } = await runCli(['import', '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Exit code: 0, 1 on failure, 2 when a file has rows and none of them')
  })

  it.each([
    [['nonsense'], "error: unknown command 'nonsense'"],
    [['import'], "error: missing required argument 'dir'"],
    [['demo', '--clear', '--append'], "option '--clear' cannot be used with option '--append'"],
    [['demo', '--clear', '--users', '3'], "option '--clear' cannot be used with option '--users"],
    [['demo', '--force'], 'error: --force goes with --clear'],
    [['import', '.', '--delimiter', 'ab'], 'It should be comma, semicolon, tab, pipe or one'],
    [['import', '.', '--delimiter', '"'], 'It should be comma, semicolon, tab, pipe or one'],
    [['demo', '--users', '0'], 'It should be a whole number from 1 to 1000000.'],
    [['demo', '--users', '1', '--seed', '-1'], 'It should be a whole number from 0 to 2147483648.'],
    [['demo', '--users', '1', '--until', 'noon'], 'It should be a time like 2026-01-31'],
  ])('refuses %j and shows the help', async (args, complaint) => {
    const { code, stdout, stderr } = await on(...args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(complaint)
    expect(stderr).toContain('Usage: shopboard')
  })

  it('tells a usage it refuses as JSON, where JSON was asked for', async () => {
    const { code, stdout, stderr } = await on('import', '--json')
    const error = "error: missing required argument 'dir'"
    expect(JSON.parse(stdout)).toEqual({ command: 'import', exitCode: 1, error })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(error) })
  })

  it.skipIf(!existsSync('/dev/full'))('says that nobody hears it on a full disk', async () => {
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [...program, 'verify'], {
      env: { PATH: process.env.PATH, DATABASE_URL: database.url },
      stdio: ['ignore', full, 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [stderr, code] = await Promise.all([
      child.stderr && text(child.stderr),
      new Promise((resolve) => child.once('close', resolve)),
    ])
    closeSync(full)
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'What the command tells cannot be written: ENOSPC.\n',
    })
  })

  it('migrates an empty database', async () => {
    const empty = await createTestDatabase({ migrated: false })
    const run = await runCli(['migrate'], { DATABASE_URL: empty.url })
    expect(run).toEqual({ code: 0, stdout: 'The schema is up to date.\n', stderr: '' })
    expect(await empty.sql`select from users`).toEqual([])
    await empty.drop()
  })

  it('generates, imports and verifies, and exits with 1 once a rollup drifts', async () => {
    const demo = await on('demo', '--users', '2', '--seed', '3', '--until', '2026-01-31')
    expect(demo).toMatchObject({ code: 0, stderr: '' })
    expect(demo.stdout).toContain('2 users, 20 posts, 100 comments, 20 sessions in ')

    const directory = await directoryOf({ 'users.csv': 'id,username\n1000,Ann\n1001,\n' })
    const strict = await on('import', directory, '--strict', '--replace')
    expect(strict).toMatchObject({ code: 2, stderr: '' })
    const imported = await on('import', directory, '--replace', '--rejects', `${directory}/rejects`)
    expect(imported).toMatchObject({ code: 0, stderr: '' })
    expect(imported.stdout).toContain(`${directory}/rejects/rejects-users.csv`)

    const verified = await on('verify')
    expect(verified).toMatchObject({ code: 0, stderr: '' })
    expect(verified.stdout).toMatch(/^totals: 4 entries, no drift$/m)
    await plant(database.sql, 'update rollup.totals set n = n + 1')
    const drifted = await on('verify')
    expect(drifted).toMatchObject({ code: 1, stderr: '' })
    expect(drifted.stdout).toMatch(/^totals: 4 entries, 4 drift\n {2}/m)
    const rebuilt = await on('rebuild')
    expect(rebuilt).toMatchObject({ code: 0, stderr: '' })
    expect(rebuilt.stdout).toMatch(/^totals: 4 entries mended$/m)
    expect(await on('verify')).toMatchObject({ code: 0, stderr: '' })
  })

  it('verifies for a role that may only read and owns nothing', async () => {
    const verified = await runCli(['verify'], { DATABASE_URL: reader.url })
    expect(verified).toMatchObject({ code: 0, stderr: '' })
  })

  it('explains a statement for it, as JSON too', async () => {
    const { code, stdout, stderr } = await runCli(['explain', 'activity_top', '--json'], {
      DATABASE_URL: reader.url,
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const told = { statement: 'activity_top', verdict: 'uses its index', because: '' }
    expect(JSON.parse(stdout)).toMatchObject({ command: 'explain', statements: [told] })
  })

  it.each(['verify', 'rebuild', 'explain'])(
    'says that a database is not migrated: %s',
    async (command) => {
      const empty = await createTestDatabase({ migrated: false })
      const run = await runCli([command], { DATABASE_URL: empty.url })
      expect(run).toEqual({
        code: 1,
        stdout: '',
        stderr: 'The database is not migrated: npm run shopboard -- migrate\n',
      })
      await empty.drop()
    },
  )
})
