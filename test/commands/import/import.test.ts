import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { communityDirectory, needCommunity } from '../../support/community.ts'
import { useDatabase } from '../../support/database.ts'
import { directoryOf, importFiles, importFrom, rejectsOf } from './directory.ts'

const database = useDatabase()
beforeEach(() => database.sql`truncate users, posts, comments, sessions restart identity cascade`)

const importing = (files: Record<string, string | Buffer>, options = {}) =>
  importFiles(database.url, files, options)
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

  it('tells an empty text, which is two quotes, from none', async () => {
    await importing({
      'posts.csv': 'id,title,body\n1,,x\n2,"",x\n3,,"a,"""",b"\n4,,""\n5,"a,"""",b",\n',
    })
    expect(await database.sql`select title from posts order by id`).toEqual([
      { title: null },
      { title: '' },
      { title: null },
      { title: null },
      { title: 'a,"",b' },
    ])
  })

  it('takes tags and properties, and what a deletion left', async () => {
    await importing({
      'users.ndjson':
        '{"id":1,"username":"Ann","preferences":{"size":1.0},"erasedAt":"2020-01-01","deletedAt":"2020-01-01"}\n{"id":2,"username":"Ben"}',
      'posts.csv':
        'id,tags,metadata\n1,"[""dry hop"",""ale""]","{""n"": 12345678901234567890}"\n2,,\n',
      'comments.csv': 'id,post_id,body,deleted_at,deleted_with_post\n1,1,x,2020-01-01,true\n',
    })
    expect(
      await database.sql`select preferences::text, erased_at::text from users order by id`,
    ).toEqual([
      { preferences: '{"size": 1.0}', erased_at: '2020-01-01 00:00:00+00' },
      { preferences: '{}', erased_at: null },
    ])
    expect(await database.sql`select tags, metadata::text from posts order by id`).toEqual([
      { tags: ['dry hop', 'ale'], metadata: '{"n": 12345678901234567890}' },
      { tags: null, metadata: '{}' },
    ])
    expect(await database.sql`select deleted_with_post from comments`).toEqual([
      { deleted_with_post: true },
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

  it('keeps nothing when it is strict and a row is rejected', async () => {
    const { summary, directory } = await importing(
      { 'users.csv': 'id,username\n1,Ann\n2,\n' },
      { isStrict: true },
    )
    expect(summary.isCommitted).toBe(false)
    expect(await rejectsOf(directory, 'users')).toMatchObject([
      { line: 3, reason: 'username is missing' },
    ])
    expect(await database.sql`select from users`).toHaveLength(0)
  })

  it('imports a real community whole', async (test) => {
    needCommunity(test)
    const { table } = await importFrom(database.url, communityDirectory)
    const nothingLost = { skipped: 0, rejected: 0, authorsSetNull: 0 }
    expect(table('users')).toMatchObject({ kept: 6863, ...nothingLost })
    expect(table('posts')).toMatchObject({ kept: 3471, ...nothingLost })
    expect(table('comments')).toMatchObject({ kept: 3509, ...nothingLost })
    expect(await totals()).toEqual([3471, 3509, 6863, 0])
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
      { 'users.csv': 'user_id;name\n' },
      'users.csv has no column id and no username; its header: user_id, name. It seems to be separated by semicolons.',
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
      'users.csv.gz is truncated: its gzip stream has no end.',
    ],
    [
      'a plain file called .gz',
      { ...good, 'users.csv.gz': 'id,username\n' },
      'users.csv.gz is not gzip, whatever its name says.',
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

const reason = /"rejected_because":"line /g

it('survives any garbage and accounts for every record', async () => {
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
        if (rejected === 0) continue
        const format = name === 'sessions' ? 'ndjson' : 'csv'
        const rejects = await readFile(join(directory, `rejects-${name}.${format}`), 'utf8')
        const reasons = format === 'csv' ? await rejectsOf(directory, name) : rejects.match(reason)
        expect(reasons).toHaveLength(rejected)
      }
      const again = await importFrom(database.url, directory)
      for (const { table: name, kept, skipped, rejected } of summary.tables) {
        expect(again.table(name).kept).toBe(0)
        expect(again.table(name).skipped + again.table(name).rejected).toBe(
          kept + skipped + rejected,
        )
      }
    }),
    { numRuns: 12 },
  )
})
