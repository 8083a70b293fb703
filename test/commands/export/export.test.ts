import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { type ExportOptions, exportTo } from '../../../src/commands/export/export.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { communityDirectory, needCommunity } from '../../support/community.ts'
import { useDatabase } from '../../support/database.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'
import { importFrom } from '../import/directory.ts'

const database = useDatabase()
const copy = useDatabase()
const empty = ({ sql }: typeof database) =>
  sql`truncate users, posts, comments, sessions restart identity cascade`
beforeEach(() => Promise.all([empty(database), empty(copy)]))

async function emptyDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'export test '))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

const silent = {
  note: () => {},
  step: () => ({ update: () => {}, end: () => {} }),
  stop: () => {},
}

const exporting = (directory: string, options: Partial<ExportOptions> = {}) =>
  exportTo({
    databaseUrl: database.url,
    directory,
    format: 'csv',
    isPacked: true,
    isForced: false,
    signal: new AbortController().signal,
    progress: silent,
    ...options,
  })

/** Of all rows, whole, in the order of their ids. */
async function digestOf({ sql }: typeof database) {
  const [digest] = await sql`
    select
      (select md5(string_agg(t::text, E'\\n' order by id)) from users t) as users,
      (select md5(string_agg(t::text, E'\\n' order by id)) from posts t) as posts,
      (select md5(string_agg(t::text, E'\\n' order by id)) from comments t) as comments,
      (select md5(string_agg(t::text, E'\\n' order by id)) from sessions t) as sessions,
      (select md5(string_agg(t::text, E'\\n' order by post_id)) from post_views t) as views`
  return digest
}

async function driftOf({ url }: typeof database): Promise<number> {
  const pool = openTestPool(url)
  try {
    const verified = await verify(pool, () => {}, new AbortController().signal)
    return verified.reduce((sum, { drift }) => sum + drift, 0)
  } finally {
    await pool.close()
  }
}

/** Into an empty one, where every row is kept. */
async function move(
  { url }: typeof database,
  to: typeof database,
  options: Partial<ExportOptions>,
): Promise<void> {
  const directory = await emptyDirectory()
  const exported = await exporting(directory, { databaseUrl: url, ...options })
  const { summary, notes } = await importFrom(to.url, directory)
  expect(notes.filter((note) => !note.includes('has no rows'))).toEqual([])
  expect(summary.tables.map(({ table, kept }) => [table, kept])).toEqual(
    exported.map(({ table, rows }) => [table, rows]),
  )
}

const formats = [
  { format: 'csv', isPacked: true },
  { format: 'ndjson', isPacked: false },
] as const

describe('an export', () => {
  it('of a real community, imported, is the same, in CSV and from there in NDJSON', async ({
    skip,
  }) => {
    needCommunity({ skip })
    await importFrom(database.url, communityDirectory)
    await database.sql`update posts set tags = '{ale,"dry hop"}', metadata = '{"score": 1.50}' where id % 7 = 0`
    await database.sql`update comments set deleted_at = now(), deleted_with_post = true where post_id % 11 = 0`
    await database.sql`update posts set deleted_at = now() where id % 11 = 0`
    await database.sql`update users set email = id || '@example.com', preferences = '{"theme": "dark"}' where id % 5 = 0`
    await database.sql`update users set username = 'erased', erased_at = now(), deleted_at = now() where id % 97 = 0`
    await database.sql`insert into sessions (user_id) select id from users where id % 3 = 0`
    await database.sql`insert into post_views select id, id from posts where id % 2 = 0`
    const digest = await digestOf(database)
    await move(database, copy, { format: 'csv' })
    expect(await digestOf(copy)).toEqual(digest)
    expect(await driftOf(copy)).toBe(0)
    await empty(database)
    await move(copy, database, { format: 'ndjson', isPacked: false })
    expect(await digestOf(database)).toEqual(digest)
    const next = ({ sql }: typeof database) =>
      sql`insert into users (username) values ('next') returning id::text`
    expect(await next(copy)).toEqual(await next(database))
  })

  it.each(formats)(
    'of whatever texts and numbers is the same when imported: $format',
    async (format) => {
      const text = fc.oneof(
        fc.string({
          unit: fc.constantFrom(
            '"',
            '""',
            ',',
            '\n',
            '\r',
            '\r\n',
            '\\',
            '\\N',
            '=',
            "'",
            '\t',
            ' ',
            'é',
            '𝒳',
            '\ufeff',
            '\u2028',
            '\ufffd',
            'null',
            '{',
            '}',
            '\u0001',
          ),
          maxLength: 12,
        }),
        fc.constantFrom('', ' ', '\\.', '=1+1', '\r', '""', 'x'.repeat(600_000)),
      )
      const instant = fc.constantFrom(
        '0001-01-01T00:00:00.000001Z',
        '9999-12-31T23:59:59.999999Z',
        '2020-05-31T01:40:47.307001Z',
      )
      const id = fc.constantFrom(-Number.MAX_SAFE_INTEGER, -1, 0, 7, Number.MAX_SAFE_INTEGER - 1)
      const json = fc.constantFrom(
        '{}',
        '{"a": 1.0, "b": 123456789012345678901234567890, "__proto__": {"c": 1e-7}}',
        '{"\\"": "\\n,\\"", "deep": [[[[{}]]]]}',
      )
      const tags = fc.constantFrom(null, [], ['a"b', 'c,d', '{e}', 'f\\g'])
      const row = fc.record({
        id,
        title: fc.option(text),
        body: text,
        created_at: instant,
        deleted_at: fc.option(instant),
        metadata: json,
        tags,
      })
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(row, { selector: (each) => each.id, maxLength: 5 }),
          async (rows) => {
            await Promise.all([empty(database), empty(copy)])
            for (const { metadata, tags: own, ...each } of rows) {
              await insertPost(database.sql, { ...each, updated_at: each.created_at })
              await database.sql`update posts set metadata = ${metadata}::text::jsonb, tags = ${own} where id = ${each.id}`
            }
            await move(database, copy, format)
            expect(await digestOf(copy)).toEqual(await digestOf(database))
          },
        ),
        { numRuns: 12 },
      )
    },
  )

  it('has deleted rows and e-mail addresses, in files that nobody else may read', async () => {
    const { id: user_id } = await insertUser(database.sql, {
      email: 'ann@example.com',
      deleted_at: '2020-01-01',
    })
    await insertSession(database.sql, { user_id })
    await insertComment(database.sql)
    const directory = join(await emptyDirectory(), 'new', 'one')
    const exported = await exporting(directory)
    expect(exported.map(({ table, rows }) => [table, rows])).toEqual([
      ['users', 1],
      ['posts', 1],
      ['comments', 1],
      ['sessions', 1],
    ])
    const path = join(directory, 'users.csv.gz')
    expect(gunzipSync(await readFile(path)).toString()).toMatch(
      /^id,username,email,.*\n1,"user-\d+","ann@example.com",true,.*,2020-01-01T00:00:00.000000Z\n$/,
    )
    expect([(await stat(path)).mode & 0o777, (await stat(directory)).mode & 0o777]).toEqual([
      0o600, 0o700,
    ])
  })

  it('is of one snapshot, whatever is written meanwhile', async () => {
    await insertUser(database.sql)
    const directory = await emptyDirectory()
    let isWritten = false
    const exported = await exporting(directory, {
      progress: {
        ...silent,
        step(label) {
          const write = async () => {
            if (!isWritten) await insertComment(database.sql)
            isWritten = true
          }
          return { update: () => {}, end: () => void (label === 'users' && write()) }
        },
      },
    })
    await expect.poll(() => isWritten).toBe(true)
    expect(exported.map(({ rows }) => rows)).toEqual([1, 0, 0, 0])
  })

  it('leaves nothing behind when it is interrupted', async () => {
    await database.sql`insert into users (username) select 'u' || n from generate_series(1, 20000) n`
    const directory = await emptyDirectory()
    const interruption = new AbortController()
    const step = () => ({
      update: () => interruption.abort(new Error('Interrupted')),
      end: () => {},
    })
    const exported = exporting(directory, {
      signal: interruption.signal,
      progress: { ...silent, step },
    })
    await expect(exported).rejects.toThrow('Interrupted')
    expect(await readdir(directory)).toEqual([])
  })

  it('is refused where an earlier one lies, which is replaced when that is wanted', async () => {
    const directory = await emptyDirectory()
    await writeFile(join(directory, 'users.ndjson'), '')
    await writeFile(join(directory, 'votes.csv'), '')
    await writeFile(join(directory, 'posts.csv.gz.partial'), 'of a killed run')
    await expect(exporting(directory)).rejects.toThrow(
      'holds users.ndjson: name another directory, or --force',
    )
    await exporting(directory, { isForced: true })
    expect((await readdir(directory)).sort()).toEqual([
      'comments.csv.gz',
      'posts.csv.gz',
      'sessions.csv.gz',
      'users.csv.gz',
      'votes.csv',
    ])
  })

  it('leaves alone what another one is writing', async () => {
    const directory = await emptyDirectory()
    await writeFile(join(directory, 'posts.csv.gz.partial'), 'half')
    await expect(exporting(directory)).rejects.toThrow(
      'posts.csv.gz.partial is there: another export',
    )
    expect(await readdir(directory)).toEqual(['posts.csv.gz.partial'])
  })

  it('writes through no link that lies in its place', async () => {
    const directory = await emptyDirectory()
    const precious = join(directory, 'precious')
    await writeFile(precious, 'precious')
    await chmod(precious, 0o644)
    await symlink(precious, join(directory, 'users.csv.partial'))
    await symlink(precious, join(directory, 'users.csv'))
    await exporting(directory, { isForced: true, isPacked: false })
    expect(await readFile(precious, 'utf8')).toBe('precious')
  })
})
