import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { startOnTerminal, type TerminalCli, withoutTerminal } from '../support/pty.ts'
import { directoryOf, postsCsv } from './import/directory.ts'

const esc = '\x1b'
const sequences = new RegExp(`${esc}\\[[0-9;?]*[a-zA-Z]`, 'g')

/** What is left on the screen, line by line: a line is what was written after its last carriage return. */
const linesOf = (screen: string) =>
  screen
    .replaceAll('\r\n', '\n')
    .replaceAll(sequences, '')
    .split('\n')
    .map((line) => line.split('\r').at(-1) ?? '')

/** Line wrap and cursor are as they were: what was turned off was turned on again after it. */
const isRestored = (screen: string) =>
  ['?7', '?25'].every(
    (mode) => screen.lastIndexOf(`${esc}[${mode}l`) <= screen.lastIndexOf(`${esc}[${mode}h`),
  )

const title = ['on a terminal', withoutTerminal].filter(Boolean).join(': ')

describe.skipIf(withoutTerminal)(title, () => {
  const database = useDatabase()
  beforeEach(() => database.sql`truncate users, posts, comments, sessions restart identity cascade`)
  const start = (...args: string[]) => startOnTerminal(args, { DATABASE_URL: database.url })

  /** The exit code and the last line, once the terminal was found in order. */
  async function end({ ended, screen }: TerminalCli) {
    const code = await ended
    expect(isRestored(screen())).toBe(true)
    expect(screen()).toMatch(/\n$/)
    return { code, last: linesOf(screen()).at(-2) }
  }

  const sources = {
    'wrong headers': { 'users.csv': 'name\nAnn\n' },
    'semicolons and wrong headers': { 'users.csv': 'nr;name\n1;Ann\n' },
    'a truncated archive': { 'users.csv.gz': gzipSync('id,username\n1,Ann\n').subarray(0, 20) },
    'no archive': { 'users.csv.gz': 'id,username\n1,Ann\n' },
    'UTF-16': { 'users.csv': Buffer.from('\ufeffid,username\n', 'utf16le') },
  }
  it.each(Object.entries(sources))('an import of %s ends below its bar', async (_, files) => {
    const { code, last } = await end(start('import', await directoryOf(files)))
    expect(code).toBe(1)
    expect(last).toMatch(/^users\.csv(\.gz)? .*\. Nothing was imported\.$/)
  })

  it('a demo on a filled database ends below its bar', async () => {
    await database.sql`insert into users (username) values ('ann')`
    const { code, last } = await end(start('demo', '--users', '10'))
    expect(code).toBe(1)
    expect(last).toMatch(/^This database holds a community already\. .* Nothing was written\.$/)
  })

  it.each([
    ['import', 'Imported 3 rows in '],
    ['demo', '10 users, 100 posts, 500 comments, 100 sessions in '],
    ['verify', 'segments: 0 entries, no drift'],
    ['rebuild', 'The rollups are rebuilt.'],
    ['explain', 'Execution Time: '],
  ])('%s ends below its bars when all is well', async (command, last) => {
    const directory = await directoryOf({ 'posts.csv': postsCsv(3) })
    const args = { import: [directory], demo: ['--users=10'], explain: ['activity_top'] }
    const run = start(command, ...(command in args ? args[command as keyof typeof args] : []))
    const ended = await end(run)
    expect(ended.code).toBe(0)
    expect(ended.last?.startsWith(last)).toBe(true)
    expect(run.screen()).toContain('100%')
  })

  it('draws nothing where the terminal can place no cursor', async () => {
    const directory = await directoryOf({ 'posts.csv': postsCsv(3) })
    const env = { DATABASE_URL: database.url, TERM: 'dumb' }
    const { ended, screen } = startOnTerminal(['import', directory], env)
    expect(await ended).toBe(0)
    expect(screen()).toMatch(/posts\.csv: 3 rows[\s\S]*Imported 3 rows/)
    expect(screen()).not.toContain(esc)
  })

  describe.each([
    ['import', 'Nothing was imported.'],
    ['demo', 'Nothing was written.'],
    ['verify', 'Nothing was changed.'],
    ['rebuild', 'Nothing was mended.'],
    ['explain', 'Nothing was changed.'],
  ])('%s that is stopped', (command, outcome) => {
    async function stopped(stop: (run: TerminalCli) => unknown) {
      const holder = await database.sql.reserve()
      await holder`begin`
      await holder`lock table users in access exclusive mode`
      const directory = await directoryOf({ 'users.csv': 'id,username\n1,Ann\n' })
      const run = start(command, ...(command === 'import' ? [directory] : []))
      await expect
        .poll(
          () => database.sql`select from pg_stat_activity where datname = current_database()
            and application_name like 'shopboard %' and wait_event_type = 'Lock'`,
        )
        .toHaveLength(1)
      await stop(run)
      const ended = await end(run)
      await holder`rollback`
      holder.release()
      return ended
    }

    it('by Ctrl-C says so below its bar', async () => {
      const { code, last } = await stopped(({ type }) => type('\x03'))
      expect({ code, last }).toEqual({ code: 130, last: `Interrupted. ${outcome}` })
    })

    it('by a lost connection says so below its bar', async () => {
      const { code, last } = await stopped(
        () => database.sql`select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and application_name like 'shopboard %' and wait_event_type = 'Lock'`,
      )
      const lost = 'The connection to the database was lost.'
      expect({ code, last }).toEqual({ code: 1, last: `${lost} ${outcome}` })
    })
  })

  it('a bar makes room for a note', async () => {
    const holder = await database.sql.reserve()
    await holder`begin`
    await holder`lock table users in share mode`
    const run = start('demo', '--users', '1')
    await expect.poll(run.screen).toContain('Waiting for others')
    await holder`rollback`
    holder.release()
    const { code, last } = await end(run)
    expect(code).toBe(0)
    expect(last).toMatch(/^1 user, 10 posts, 50 comments, 10 sessions in /)
    expect(linesOf(run.screen())).toContainEqual(
      expect.stringMatching(/^Waiting for others to end their transactions: process \d+ .*\.$/),
    )
  })

  describe('an import into a demo community', () => {
    async function asked(): Promise<TerminalCli> {
      await start('demo', '--users', '2').ended
      const run = start('import', await directoryOf({ 'users.csv': 'id,username\n1,Ann\n' }))
      await expect.poll(run.screen).toContain('Replace the demo community? [y/N] ')
      return run
    }
    const users = async () => (await database.sql`select from users`).length

    it('asks, and replaces it by yes', async () => {
      const run = await asked()
      run.type('y\n')
      expect(await end(run)).toMatchObject({ code: 0 })
      expect(await users()).toBe(1)
    })

    it.each([
      ['no', '\n', 1, 'The demo community stays. Nothing was imported.'],
      ['the end of the input', '\x04', 1, 'The demo community stays. Nothing was imported.'],
      ['Ctrl-C', '\x03', 130, 'Interrupted. Nothing was imported.'],
    ])('asks, and leaves it by %s', async (_, keys, code, last) => {
      const run = await asked()
      run.type(keys)
      expect(await end(run)).toEqual({ code, last })
      expect(await users()).toBe(2)
    })
  })
})
