import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'
import { type AnyPage, idsOf, question } from '../../support/lists.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app?.close())

type Query = Readonly<Record<string, string>>

async function pageOf(list: string, query: Query): Promise<AnyPage> {
  const response = await app.request(`/api/v1/${list}?${new URLSearchParams(query)}`)
  expect([response.status, query]).toEqual([200, query])
  return (await response.json()) as AnyPage
}

async function walk(list: string, query: Query, to: 'nextCursor' | 'prevCursor', from?: string) {
  const found: number[] = []
  for (let cursor = from ?? ''; ; ) {
    const { items, metadata } = await pageOf(list, cursor ? { ...query, cursor } : query)
    const ids = items.map(({ id }) => id)
    if (to === 'nextCursor') found.push(...ids)
    else found.unshift(...ids)
    expect(metadata.hasNext).toBe(metadata.nextCursor !== null)
    expect(metadata.hasPrev).toBe(metadata.prevCursor !== null)
    cursor = metadata[to] ?? ''
    if (cursor === '') return found
  }
}

/** A cursor that leads back from beyond the end; none where the list is empty. */
async function fromTheEnd(list: string, query: Query): Promise<string> {
  const { items, metadata } = await pageOf(list, { ...query, page: '1000000000' })
  expect(items).toEqual([])
  return metadata.prevCursor ?? ''
}

const row = fc.record({
  table: fc.constantFrom('posts', 'comments', 'sessions', 'users'),
  microsecond: fc.integer({ min: 1, max: 5 }),
  seen: fc.constantFrom(null, 1, 2),
  owner: fc.constantFrom(-1, -2),
  tags: fc.constantFrom(null, ['a'], ['b', 'a'], ['c']),
  properties: fc.constantFrom(
    {},
    { n: 5 },
    { n: '5' },
    { n: 'true' },
    { n: true, in: { 'b|"': 'x' } },
  ),
  name: fc.constantFrom('ann', 'ANN', 'Zoë|%"', '💥'.repeat(200), 'ab\nc'),
  isActive: fc.boolean(),
  isAdmin: fc.boolean(),
  isDeleted: fc.constantFrom(true, false, false, false),
  isFolded: fc.constantFrom(true, false, false, false),
})

async function fill(rows: readonly (typeof row extends fc.Arbitrary<infer Row> ? Row : never)[]) {
  const { sql } = app
  await sql`truncate users, posts, comments, sessions cascade`
  for (const id of [-1, -2]) await insertUser(sql, { id, created_at: '2020-03-01T00:00:00Z' })
  for (const id of [-1, -2]) await insertPost(sql, { id, created_at: '2020-02-01T00:00:00Z' })
  for (const { table, microsecond, seen, owner, isDeleted, isFolded, ...more } of rows) {
    const lifetime = {
      created_at: `2020-02-29T23:59:59.99999${microsecond + 4}Z`,
      deleted_at: isDeleted ? '2021-01-01T00:00:00Z' : null,
    }
    const last_seen_at = seen && `2020-03-0${seen}T00:00:00Z`
    const { tags, properties, ...user } = more
    if (table === 'posts')
      await insertPost(sql, { author_id: owner, tags, metadata: properties, ...lifetime })
    if (table === 'comments')
      await insertComment(sql, { post_id: -1 - (microsecond % 2), author_id: owner, ...lifetime })
    if (table === 'sessions')
      await insertSession(sql, {
        user_id: owner,
        ...lifetime,
        last_seen_at: last_seen_at ?? lifetime.created_at,
      })
    if (table === 'users')
      await insertUser(sql, {
        username: user.name,
        is_active: user.isActive,
        is_admin: user.isAdmin,
        last_seen_at,
        preferences: properties,
        ...lifetime,
      })
    if (isFolded) await sql`select rollup.fold()`
  }
}

describe('the pages of a list', () => {
  it('are forward, backward and by number all its rows once, and their number is its total', async () => {
    const questions = fc.array(question, { minLength: 6, maxLength: 12 })
    const property = fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 40 }),
      questions,
      async (rows, asked) => {
        await fill(rows)
        for (const { list, query, text } of asked) {
          const expected = await idsOf(app.sql, text)
          expect([query, await walk(list, query, 'nextCursor')]).toEqual([query, expected])
          const end = await fromTheEnd(list, query)
          const back = end === '' ? [] : await walk(list, query, 'prevCursor', end)
          expect([query, back]).toEqual([query, expected])
          const numbered: number[] = []
          const size = Number(query.pageSize)
          for (let page = 1; page <= Math.ceil(expected.length / size); page++) {
            const { items, metadata } = await pageOf(list, { ...query, page: String(page) })
            expect([query, metadata]).toMatchObject([query, { page, total: expected.length }])
            numbered.push(...items.map(({ id }) => id))
          }
          expect([query, numbered]).toEqual([query, expected])
        }
      },
    )
    await fc.assert(property, { numRuns: 12 })
  })

  it('hold rows whose instants are older than the checks on them', async () => {
    const { sql } = app
    await sql`truncate users, posts, comments, sessions cascade`
    await sql`alter table users drop constraint users_last_seen_at_range, drop constraint users_updated_at_range`
    await sql`alter table sessions drop constraint sessions_last_seen_at_range`
    const seen = ['-infinity', '0044-03-15Z BC', '2020-01-01Z', '12345-01-01Z', 'infinity']
    for (const [at, last_seen_at] of seen.entries()) {
      await insertUser(sql, { id: at, last_seen_at, updated_at: last_seen_at })
      await insertSession(sql, { id: at, user_id: at, last_seen_at })
    }
    await insertUser(sql, { id: -1, last_seen_at: null })
    const query = { sort: 'lastSeenAt', order: 'desc', pageSize: '1' }
    for (const [list, expected] of [
      ['users', [4, 3, 2, 1, 0, -1]],
      ['sessions', [4, 3, 2, 1, 0]],
    ] as const) {
      expect(await walk(list, query, 'nextCursor')).toEqual(expected)
      expect(await walk(list, query, 'prevCursor', await fromTheEnd(list, query))).toEqual(expected)
      const { items } = await pageOf(list, { ...query, pageSize: '5' })
      expect(items).toMatchObject([
        { lastSeenAt: '9999-12-31T23:59:59.999999Z' },
        { lastSeenAt: '9999-12-31T23:59:59.999999Z' },
        { lastSeenAt: '2020-01-01T00:00:00.000000Z' },
        { lastSeenAt: '0001-01-01T00:00:00.000000Z' },
        { lastSeenAt: '0001-01-01T00:00:00.000000Z' },
      ])
    }
  })

  it('repeat and lose nothing that was there throughout, while others write', async () => {
    const { sql } = app
    await sql`truncate users, posts, comments, sessions cascade`
    await sql`insert into users (id, username, created_at, last_seen_at, is_active, is_admin)
      select i, 'u' || i % 7, '2020-01-01'::timestamptz + i / 3 * interval '7 minutes',
        case when i % 3 > 0 then '2021-01-01'::timestamptz + i % 5 * interval '1 day' end, i % 2 = 0, i % 5 = 0
      from generate_series(1, 60) as i`
    await sql`insert into posts (id, author_id, created_at) select i, i, '2020-01-01'::timestamptz + i / 3 * interval '7 minutes' from generate_series(1, 60) as i`
    await sql`insert into comments (post_id, body, created_at) select 1 + i % 20, 'c', '2020-01-02' from generate_series(1, 50) as i`
    await sql`select setval('users_id_seq', 1000), setval('posts_id_seq', 1000)`
    let isWriting = true
    const writer = async (n: number) => {
      for (let i = 0; isWriting; i++) {
        const at = new Date(Date.UTC(2020, 0, 1, 0, (i * 37 + n * 11) % 150)).toISOString()
        const [user] =
          await sql`insert into users (username, created_at, is_admin) values (${`u${i % 7}`}, ${at}, ${i % 2 === 0}) returning id`
        // one statement: a post whose number of comments moves may come twice, as it should
        const [post] = await sql`
          with post as (insert into posts (created_at) values (${at}) returning id)
          insert into comments (post_id, body) select id, 'c' from post returning post_id as id`
        if (i % 3 === 0) await sql`select rollup.fold()`
        if (i % 2 === 0) await sql`delete from posts where id = ${post?.id}`
        await sql`update users set deleted_at = now() where id = ${user?.id}`
      }
    }
    const asked: readonly [list: string, query: Query, text: string][] = [
      [
        'users',
        { sort: 'username', order: 'desc' },
        'users where id <= 60 order by lower(username) desc, id desc',
      ],
      [
        'users',
        { sort: 'lastSeenAt', order: 'asc' },
        "users where id <= 60 order by coalesce(last_seen_at, '-infinity'), id",
      ],
      [
        'users',
        { sort: 'createdAt', order: 'asc', isAdmin: 'true' },
        'users where id <= 60 and is_admin order by created_at, id',
      ],
      [
        'posts',
        { sort: 'commentsCount', order: 'desc' },
        'posts where id <= 60 order by (select count(*) from comments where post_id = posts.id) desc, id desc',
      ],
    ]
    const writers = [writer(1), writer(2)]
    try {
      for (const [list, query, text] of asked) {
        const lasting = await idsOf(sql, `select id::integer as id from ${text}`)
        const sized = { ...query, pageSize: '7' }
        for (const found of [
          await walk(list, sized, 'nextCursor'),
          await walk(list, sized, 'prevCursor', await fromTheEnd(list, sized)),
        ]) {
          expect([query, new Set(found).size]).toEqual([query, found.length])
          expect([query, found.filter((id) => id <= 60)]).toEqual([query, lasting])
        }
      }
    } finally {
      isWriting = false
      await Promise.all(writers)
    }
  })
})
