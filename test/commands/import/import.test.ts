import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { useDatabase } from '../../support/database.ts'
import { insertPost, insertUser } from '../../support/factories.ts'
import { directoryOf, importFiles, importFrom, rejectsOf } from './directory.ts'

const database = useDatabase()
beforeEach(() => database.sql`truncate users, posts, comments, sessions restart identity`)

const importing = (files: Record<string, string | Buffer>, options = {}) =>
  importFiles(database.url, files, options)
const reasonsOf = async (directory: string, table: string) =>
  (await rejectsOf(directory, table)).map(({ line, reason }) => `${line}: ${reason}`)
const versions = () => database.sql`select * from rollup.current_versions order by kind`
const totals = async () => {
  const rows = await database.sql<{ n: number }[]>`
    select n::integer from rollup.current_totals order by kind`
  return rows.map(({ n }) => n)
}

describe('import', () => {
  it('keeps ids, texts and microseconds, and gives empty fields their defaults', async () => {
    await importing({
      'users.csv':
        'id,username,email,is_active,created_at,deleted_at\n-1,"Ann, ""A""",a@b.c,f,2014-01-21T17:45:53.587123Z,\n2,Ben,,,2015-01-01 02:00:00+02,2016-01-01\n',
      'posts.csv': 'id,author_id,title,body,created_at\n1,-1,,,2014-01-22\n',
      'sessions.csv': 'id,user_id,created_at\n1,2,2014-01-22\n',
    })
    expect(
      await database.sql`select id::integer, username, email, is_active, created_at::text, updated_at = created_at as as_created, deleted_at::text from users order by id`,
    ).toEqual([
      {
        id: -1,
        username: 'Ann, "A"',
        email: 'a@b.c',
        is_active: false,
        created_at: '2014-01-21 17:45:53.587123+00',
        as_created: true,
        deleted_at: null,
      },
      {
        id: 2,
        username: 'Ben',
        email: null,
        is_active: true,
        created_at: '2015-01-01 00:00:00+00',
        as_created: true,
        deleted_at: '2016-01-01 00:00:00+00',
      },
    ])
    expect(await database.sql`select author_id::integer, title, body from posts`).toEqual([
      { author_id: -1, title: null, body: '' },
    ])
    expect(
      await database.sql`select last_seen_at = created_at as as_created from sessions`,
    ).toEqual([{ as_created: true }])
  })

  it('reads NDJSON, packed files, camelCase, CRLF and a byte order mark', async () => {
    const { table, notes } = await importing({
      'users.ndjson.gz': gzipSync(
        '{"id":1,"username":"Ann","isAdmin":true,"createdAt":"2020-01-01T00:00:00Z"}\n\n{"id":"2","username":42,"shoe":1}',
      ),
      'posts.csv': '\ufeffid,authorId,Body,shoe_size\r\n1,1,"a\r\nb",44\r\n',
    })
    expect([table('users'), table('posts')]).toMatchObject([{ kept: 2 }, { kept: 1 }])
    expect(await database.sql`select username, is_admin from users order by id`).toEqual([
      { username: 'Ann', is_admin: true },
      { username: '42', is_admin: false },
    ])
    expect(await database.sql`select body from posts`).toEqual([{ body: 'a\r\nb' }])
    expect(notes).toEqual([
      'users.ndjson.gz: ignored columns shoe.',
      'posts.csv: ignored columns shoe_size.',
    ])
  })

  it('changes nothing the second time', async () => {
    const files = {
      'users.csv': 'id,username,email\n1,Ann,a@b.c\n2,Ben,\n',
      'posts.csv': 'id,author_id\n5,1\n',
    }
    await importing(files)
    const before = await versions()
    const { table } = await importing(files)
    expect([table('users'), table('posts')]).toMatchObject([
      { kept: 0, skipped: 2, rejected: 0 },
      { kept: 0, skipped: 1, rejected: 0 },
    ])
    expect(await versions()).toEqual(before)
  })

  it('nulls authors that exist nowhere, and finds those of the database', async () => {
    const { id } = await insertUser(database.sql)
    const { table } = await importing({
      'posts.csv': `id,author_id\n1,${id}\n2,77\n3,\n`,
    })
    expect(table('posts')).toMatchObject({ kept: 3, authorsSetNull: 1 })
    expect(await database.sql`select author_id::integer from posts order by id`).toEqual([
      { author_id: id },
      { author_id: null },
      { author_id: null },
    ])
  })

  it('moves sequences past the ids, never back', async () => {
    await importing({ 'users.csv': 'id,username\n5000,Ann\n', 'posts.csv': 'id\n-7\n' })
    expect((await insertUser(database.sql)).id).toBe(5001)
    expect((await insertPost(database.sql)).id).toBe(1)
    await importing({ 'users.csv': 'id,username\n17,Ben\n', 'posts.csv': 'id\n3\n' })
    expect((await insertUser(database.sql)).id).toBe(5002)
    expect((await insertPost(database.sql)).id).toBe(4)
  })

  it('counts what it imports in the rollups', async () => {
    await importing({
      'users.csv': 'id,username\n1,Ann\n',
      'posts.csv': 'id,author_id\n1,1\n2,\n',
      'comments.csv': 'id,post_id,body\n1,2,hi\n',
    })
    expect(await totals()).toEqual([2, 1, 1, 0])
  })

  it('names what is no table of ours and leaves it alone', async () => {
    const directory = await directoryOf({
      'users.csv': 'id,username\n',
      'votes.csv.gz': 'x',
      'users.csv.bak': 'x',
    })
    await mkdir(join(directory, 'posts.csv'))
    const { notes } = await importFrom(database.url, directory)
    expect(notes).toEqual([
      'Left alone: posts.csv, users.csv.bak, votes.csv.gz.',
      'users.csv has no rows.',
    ])
  })

  it('imports a real community whole', async (test) => {
    const directory = fileURLToPath(
      new URL('../../../../shared/data/beer-stackexchange', import.meta.url),
    )
    if (!existsSync(directory)) test.skip('the beer-stackexchange data is not beside the project')
    const { table } = await importFrom(database.url, directory)
    const nothingLost = { skipped: 0, rejected: 0, authorsSetNull: 0 }
    expect(table('users')).toMatchObject({ kept: 6863, ...nothingLost })
    expect(table('posts')).toMatchObject({ kept: 3471, ...nothingLost })
    expect(table('comments')).toMatchObject({ kept: 3509, ...nothingLost })
    expect(await totals()).toEqual([3471, 3509, 6863, 0])
  })
})

describe('a rejected row', () => {
  it.each([
    ['users', 'id,username\n,Ann', 'id is missing'],
    ['users', 'id,username\nx,Ann', 'id is not a whole number: "x"'],
    ['users', 'id,username\n9007199254740992,Ann', 'id is beyond ±(2^53 - 1): 9007199254740992'],
    ['users', 'id,username\n1,', 'username is missing'],
    ['users', 'id,username\n1,"  "', 'username is blank'],
    ['users', `id,username\n1,${'a'.repeat(201)}`, 'username is longer than 200 characters'],
    ['users', 'id,username\n1,a\0b', 'username holds a NUL character'],
    ['users', 'id,username\n1,a,b', '3 columns where the header has 2'],
    ['users', 'id,username\n1,"a', 'a quote is not closed'],
    ['users', 'id,username,email\n1,a,nobody', 'email is not an address: "nobody"'],
    ['users', 'id,username,is_admin\n1,a,perhaps', 'is_admin is neither true nor false: "perhaps"'],
    ['users', 'id,username,created_at\n1,a,soon', 'created_at is not a time: "soon"'],
    [
      'users',
      'id,username,created_at\n1,a,0000-01-01',
      'created_at is not within the years 1 to 9999: "0000-01-01"',
    ],
    ['comments', 'id,post_id,body\n1,7,a', 'post_id 7 exists nowhere'],
    ['comments', 'id,post_id,body\n1,,a', 'post_id is missing'],
    ['sessions', 'id,user_id\n1,7', 'user_id 7 exists nowhere'],
  ])('of %s: %j', async (table, content, reason) => {
    const { directory, table: of } = await importing({ [`${table}.csv`]: content })
    expect(await reasonsOf(directory, table)).toEqual([`2: ${reason}`])
    expect(of(table)).toMatchObject({ kept: 0, rejected: 1 })
  })

  it.each([
    ['{"id":1,"username":"a"', 'the line is not valid JSON'],
    ['[1,"a"]', 'the line is not a JSON object'],
    ['{"id":1,"username":"a","isAdmin":true,"is_admin":true}', 'is_admin is given twice'],
    ['{"id":1,"username":{}}', 'username is not a text'],
    ['{"id":1,"username":"\\ud800"}', 'username is not valid Unicode'],
  ])('of NDJSON: %s', async (content, reason) => {
    const { directory } = await importing({ 'users.ndjson': content })
    expect(await rejectsOf(directory, 'users')).toEqual([{ line: 1, reason, record: content }])
  })

  it('names every fault of its row and keeps the record', async () => {
    const { directory } = await importing({ 'users.csv': 'id,username,mood\nx,,"so, so"\n' })
    expect(await rejectsOf(directory, 'users')).toEqual([
      {
        line: 2,
        reason: 'id is not a whole number: "x"; username is missing',
        record: '{"id":"x","username":"","mood":"so, so"}',
      },
    ])
  })

  it('is the later one of two with the same id or e-mail', async () => {
    await insertUser(database.sql, { id: 9, email: 'Taken@b.c' })
    const { directory, table } = await importing({
      'users.csv': 'id,username,email\n1,a,x@y.z\n1,b,\n2,c,X@Y.Z\n3,d,taken@B.c\n',
    })
    expect(await reasonsOf(directory, 'users')).toEqual([
      '3: id 1 stands on line 2 already',
      '4: email stands on line 2 already',
      '5: email belongs to id 9 already',
    ])
    expect(table('users')).toMatchObject({ kept: 1, rejected: 3 })
  })

  it('takes its comments along but not the posts of a rejected author', async () => {
    const { table } = await importing({
      'users.csv': 'id,username\n1,\n',
      'posts.csv': 'id,author_id,created_at\n1,1,\n2,,soon\n',
      'comments.csv': 'id,post_id,body\n1,1,kept\n2,2,lost\n',
    })
    expect(table('posts')).toMatchObject({ kept: 1, rejected: 1, authorsSetNull: 1 })
    expect(table('comments')).toMatchObject({ kept: 1, rejected: 1 })
  })

  it('goes to the directory asked for; an earlier run’s rejects do not outlive it', async () => {
    const files = await directoryOf({ 'users.csv': 'id,username\n1,\n' })
    const rejects = join(files, 'deep', 'rejects')
    await importFrom(database.url, files, { rejects })
    expect(await readdir(rejects)).toEqual(['rejects-users.csv'])
    await writeFile(join(files, 'users.csv'), 'id,username\n1,Ann\n')
    await importFrom(database.url, files, { rejects })
    expect(await readdir(rejects)).toEqual([])
  })

  it('stops a strict import', async () => {
    const { summary, directory } = await importing(
      { 'users.csv': 'id,username\n1,Ann\n2,\n' },
      { isStrict: true },
    )
    expect(summary.isCommitted).toBe(false)
    expect(await reasonsOf(directory, 'users')).toEqual(['3: username is missing'])
    expect(await database.sql`select from users`).toHaveLength(0)
  })
})

describe('files that cannot be used', () => {
  const good = { 'posts.csv': 'id\n1\n' }
  it.each([
    [
      'a header without id',
      { 'users.csv': 'username\nAnn\n' },
      'users.csv has no column id; its header: username.',
    ],
    [
      'a header without a needed column',
      { 'users.csv': 'id;username\n' },
      'users.csv has no column id and no username; its header: id;username.',
    ],
    [
      'a column twice',
      { 'users.csv': 'id,username,userName\n' },
      'users.csv has the column username twice.',
    ],
    [
      'a table twice',
      { 'users.csv': 'id,username\n', 'users.ndjson.gz': '' },
      'users.csv and users.ndjson.gz both hold users: keep one.',
    ],
    [
      'a damaged archive',
      { ...good, 'users.csv.gz': gzipSync('id,username\n1,Ann\n').subarray(0, 20) },
      'users.csv.gz cannot be read: unexpected end of file.',
    ],
    [
      'a plain file called .gz',
      { ...good, 'users.csv.gz': 'id,username\n' },
      'users.csv.gz cannot be read: incorrect header check.',
    ],
    [
      'UTF-16',
      { ...good, 'users.csv': Buffer.from('\ufeffid,username\n', 'utf16le') },
      'users.csv is UTF-16: save it as UTF-8.',
    ],
  ])('with %s stop the import', async (_, files, message) => {
    await expect(importing(files)).rejects.toThrow(message)
    expect(await database.sql`select from posts`).toHaveLength(0)
  })

  it('are told when there are none', async () => {
    await expect(importing({ 'readme.txt': '' })).rejects.toThrow('has nothing to import')
    await expect(importFrom(database.url, '/does/not/exist')).rejects.toThrow('does not exist')
  })

  it('holding nothing at all are no fault', async () => {
    const { table } = await importing({ 'users.csv': '', 'posts.ndjson': '\n' })
    expect([table('users').kept, table('posts').kept]).toEqual([0, 0])
  })
})

it('survives any garbage and accounts for every record', { timeout: 60_000 }, async () => {
  const cell = fc.oneof(
    fc.integer({ min: -3, max: 3 }).map(String),
    fc.constantFrom('', 'a', '"', '"a"', '\0', '2020-01-01', '2020-02-30', 'a@b.c', 'é', '\n'),
  )
  const csv = (header: string) =>
    fc
      .array(fc.array(cell, { maxLength: 4 }).map((cells) => cells.join(',')))
      .map((lines) => [header, ...lines].join('\n'))
  const files = fc.record({
    'users.csv': csv('id,username,email'),
    'posts.csv': csv('id,author_id,created_at'),
    'comments.csv': csv('id,post_id,body'),
    'sessions.ndjson': fc.array(fc.oneof(fc.json(), fc.string())).map((lines) => lines.join('\n')),
  })
  await fc.assert(
    fc.asyncProperty(files, async (each) => {
      const { directory, summary } = await importing(each)
      for (const { table: name, rejected } of summary.tables) {
        if (rejected > 0) expect(await rejectsOf(directory, name)).toHaveLength(rejected)
      }
      const again = await importFrom(database.url, directory)
      for (const { table: name, kept, skipped, rejected } of summary.tables) {
        expect(again.table(name).kept).toBe(0)
        expect(again.table(name).skipped + again.table(name).rejected).toBe(
          kept + skipped + rejected,
        )
      }
    }),
    { numRuns: 20 },
  )
})
