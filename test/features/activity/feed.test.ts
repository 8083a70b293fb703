import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ActivityPage } from '../../../src/features/activity/schemas.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app?.close())
beforeEach(() => app.sql`truncate users, posts, comments, sessions restart identity cascade`)

type Query = Record<string, string | number>
const get = (query: Query) =>
  app.request(
    `/api/v1/activity?${new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]))}`,
  )
async function page(query: Query): Promise<ActivityPage> {
  const response = await get(query)
  expect(response.status).toBe(200)
  return (await response.json()) as ActivityPage
}

const everyKind = 'post,comment,signup,session'
const keyOf = ({ kind, id }: { kind: string; id: number | string }) => `${kind} ${id}`

/** The feed's rows in its order, the plain way. */
const expectedFeed = async () =>
  (
    await app.sql<{ kind: string; id: string }[]>`
      select kind, id from (
        select 'post' as kind, 0 as rank, id, created_at, deleted_at from posts
        union all select 'comment', 1, id, created_at, deleted_at from comments
        union all select 'signup', 2, id, created_at, deleted_at from users
        union all select 'session', 3, id, created_at, deleted_at from sessions
      ) as feed where deleted_at is null order by created_at desc, rank, id desc`
  ).map(keyOf)

async function walk(query: Query, direction: 'nextCursor' | 'prevCursor', from?: string) {
  const found: string[] = []
  let cursor = from
  do {
    const { items, metadata } = await page(cursor ? { ...query, cursor } : query)
    found[direction === 'nextCursor' ? 'push' : 'unshift'](...items.map(keyOf))
    expect(metadata.hasNext).toBe(metadata.nextCursor !== null)
    expect(metadata.hasPrev).toBe(metadata.prevCursor !== null)
    cursor = metadata[direction] ?? undefined
  } while (cursor)
  return found
}

/** A cursor that leads back from beyond the oldest row. */
async function fromTheEnd(query: Query): Promise<string> {
  const { items, metadata } = await page({ ...query, page: 1_000_000 })
  expect(items).toEqual([])
  return metadata.prevCursor ?? ''
}

describe('the pages of GET /api/v1/activity', () => {
  it('are forward, backward and by number the whole feed, however instants tie across kinds', async () => {
    const row = fc.record({
      kind: fc.constantFrom('post', 'comment', 'signup', 'session'),
      microsecond: fc.integer({ min: 1, max: 4 }),
      isDeleted: fc.constantFrom(true, false, false, false),
    })
    const property = fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      async (rows, pageSize, isFolded) => {
        await app.sql`truncate users, posts, comments, sessions cascade`
        for (const { kind, microsecond, isDeleted } of rows) {
          const instants = {
            created_at: `2020-02-29T23:59:59.99999${microsecond + 5}Z`,
            deleted_at: isDeleted ? '2021-01-01T00:00:00Z' : null,
          }
          if (kind === 'post') await insertPost(app.sql, instants)
          if (kind === 'comment') await insertComment(app.sql, instants)
          if (kind === 'signup') await insertUser(app.sql, instants)
          if (kind === 'session') await insertSession(app.sql, instants)
        }
        if (isFolded) await app.sql`select rollup.fold()`

        const expected = await expectedFeed()
        const query = { kind: everyKind, pageSize }
        expect(await walk(query, 'nextCursor')).toEqual(expected)
        expect(
          expected.length ? await walk(query, 'prevCursor', await fromTheEnd(query)) : [],
        ).toEqual(expected)
        const numbered: string[] = []
        for (let number = 1; number <= Math.ceil(expected.length / pageSize); number++) {
          const { items, metadata } = await page({ ...query, page: number })
          expect(metadata).toMatchObject({ page: number, total: expected.length })
          numbered.push(...items.map(keyOf))
        }
        expect(numbered).toEqual(expected)
      },
    )
    await fc.assert(property, { numRuns: 12 })
  }, 60_000)

  it('repeat and lose nothing that was there throughout, while others write', async () => {
    const { sql } = app
    await sql`insert into users (username, created_at) select 'u' || i, '2020-01-01'::timestamptz + i * interval '7 minutes' from generate_series(1, 60) i`
    await sql`insert into posts (author_id, created_at) select i, '2020-01-01'::timestamptz + i * interval '7 minutes' from generate_series(1, 60) i`
    const lasting = await expectedFeed()
    let isWriting = true
    const writer = async (n: number) => {
      for (let i = 0; isWriting; i++) {
        const at = new Date(Date.UTC(2020, 0, 1, 0, (i * 37 + n * 11) % 420)).toISOString()
        const [post] = await sql`insert into posts (created_at) values (${at}) returning id`
        if (i % 3 === 0) await sql`select rollup.fold()`
        if (i % 2 === 0) await sql`delete from posts where id = ${post?.id}`
        else await sql`update posts set deleted_at = now() where id = ${post?.id}`
      }
    }
    const writers = [writer(1), writer(2)]
    try {
      for (const pageSize of [1, 7, 50]) {
        const query = { kind: 'post,signup', pageSize }
        for (const found of [
          await walk(query, 'nextCursor'),
          await walk(query, 'prevCursor', await fromTheEnd(query)),
        ]) {
          expect(new Set(found).size).toBe(found.length)
          const kept = new Set(lasting)
          expect(found.filter((key) => kept.has(key))).toEqual(lasting)
        }
      }
    } finally {
      isWriting = false
      await Promise.all(writers)
    }
  }, 60_000)

  it('go on from a cursor whose row is gone, and back from where nothing is left', async () => {
    for (const day of [1, 2, 3, 4]) await insertPost(app.sql, { created_at: `2020-01-0${day}Z` })
    const { metadata } = await page({ kind: 'post', pageSize: 2 })
    const cursor = metadata.nextCursor ?? ''
    await app.sql`delete from posts where id = 3`
    expect((await page({ kind: 'post', pageSize: 2, cursor })).items.map(keyOf)).toEqual([
      'post 2',
      'post 1',
    ])
    await app.sql`delete from posts where id in (1, 2)`
    const empty = await page({ kind: 'post', pageSize: 2, cursor })
    expect(empty.items).toEqual([])
    expect(empty.metadata).toMatchObject({ hasNext: false, hasPrev: true })
    const back = await page({
      kind: 'post',
      pageSize: 2,
      cursor: empty.metadata.prevCursor ?? '',
    })
    expect(back.items.map(keyOf)).toEqual(['post 4'])
  })

  it('are linked to each other', async () => {
    for (const day of [1, 2, 3]) await insertPost(app.sql, { created_at: `2020-01-0${day}Z` })
    const byCursor = await get({ kind: 'post', pageSize: 2 })
    const { metadata } = (await byCursor.clone().json()) as ActivityPage
    expect(byCursor.headers.get('link')).toBe(
      `</api/v1/activity?kind=post&pageSize=2&page=1>; rel="first", </api/v1/activity?kind=post&pageSize=2&cursor=${metadata.nextCursor}>; rel="next"`,
    )
    const byNumber = await get({ kind: 'post', pageSize: 1, page: 2 })
    expect(byNumber.headers.get('link')).toBe(
      '</api/v1/activity?kind=post&pageSize=1&page=1>; rel="first", </api/v1/activity?kind=post&pageSize=1&page=3>; rel="next", </api/v1/activity?kind=post&pageSize=1&page=1>; rel="prev"',
    )
  })
})

describe('an item of GET /api/v1/activity', () => {
  it('carries any text unharmed, and at most 200 characters of it', async () => {
    const body = `"quoted" \\ back\u2028slash\n\t</script> ${'🍺'.repeat(300)}`
    const author = await insertUser(app.sql, { username: 'O\'Neil "the \\ hop" 🍻\u0007' })
    await insertPost(app.sql, { author_id: author.id, title: 'A "title" {}', body })
    const { items } = await page({ kind: 'post' })
    expect(items[0]).toMatchObject({
      actor: { id: author.id, username: author.username },
      post: { title: 'A "title" {}' },
      excerpt: [...body].slice(0, 200).join(''),
    })
  })

  it('stays without a name when its account, and without a title when its post is deleted', async () => {
    const user = await insertUser(app.sql)
    const post = await insertPost(app.sql, { author_id: user.id, title: 'Gone' })
    await insertComment(app.sql, { post_id: post.id, author_id: user.id, body: 'Still here' })
    await app.sql`update users set deleted_at = now()`
    await app.sql`update posts set deleted_at = now()`
    const { items, metadata } = await page({})
    expect(metadata.total).toBe(1)
    expect(items).toMatchObject([
      { kind: 'comment', actor: null, post: { id: post.id, title: null }, excerpt: 'Still here' },
    ])
  })

  it('of a sign-up or a session is its user', async () => {
    const user = await insertUser(app.sql, { created_at: '2020-01-01Z' })
    await insertSession(app.sql, { user_id: user.id, created_at: '2020-01-02Z' })
    const { items } = await page({ kind: everyKind })
    const actor = { id: user.id, username: user.username }
    expect(items).toMatchObject([
      { kind: 'session', actor, post: null, excerpt: null },
      { kind: 'signup', id: user.id, actor, post: null, excerpt: null },
    ])
  })
})

describe('a bad query of GET /api/v1/activity', () => {
  const faults = async (query: string) => {
    const acquired = app.pool.stats().acquired
    const response = await app.request(`/api/v1/activity?${query}`)
    const problem = (await response.json()) as { code: string; errors?: { path: string }[] }
    expect(response.status).toBe(400)
    expect(response.headers.get('content-type')).toMatch('application/problem+json')
    expect(app.pool.stats().acquired).toBe(acquired)
    return [problem.code, ...(problem.errors ?? []).map(({ path }) => path)]
  }

  it.each([
    ['kind=likes', ['validation_failed', 'kind']],
    ['kind=', ['validation_failed', 'kind']],
    ['authorId=abc&pageSize=0&page=-1', ['validation_failed', 'authorId', 'page', 'pageSize']],
    [`authorId=${'9'.repeat(300)}`, ['validation_failed', 'authorId']],
    ['pageSize=101', ['validation_failed', 'pageSize']],
    ['pageSize=1.5', ['validation_failed', 'pageSize']],
    ['before=yesterday&after=2020-02-30', ['validation_failed', 'before', 'after']],
    ['before=2020-01-01&after=2020-01-02', ['validation_failed', 'after']],
    ['page=1&cursor=abc', ['validation_failed', 'page']],
    ['authorID=1', ['validation_failed', 'authorID']],
    ['pageSize=1&pageSize=2', ['validation_failed', 'pageSize']],
    ['kind=po%00st', ['validation_failed', 'kind']],
    ['cursor=abc', ['invalid_cursor']],
    ['cursor=%00', ['validation_failed', 'cursor']],
    [
      'page=2&cursor=abc&kind=x&after=2021-01-01&before=2020-01-01',
      ['validation_failed', 'kind', 'page', 'after'],
    ],
    ['cursor=', ['invalid_cursor']],
    [`cursor=${'A'.repeat(5000)}`, ['invalid_cursor']],
  ])('%s is named, and takes no connection', async (query, expected) => {
    expect((await faults(query)).sort()).toEqual([...expected].sort())
  })

  it('refuses a cursor that was altered, or of other filters', async () => {
    for (const day of [1, 2, 3]) await insertPost(app.sql, { created_at: `2020-01-0${day}Z` })
    const cursor = (await page({ kind: 'post', pageSize: 1 })).metadata.nextCursor ?? ''
    expect(await faults(`kind=comment&cursor=${cursor}`)).toEqual(['invalid_cursor'])
    expect(await faults(`kind=post&authorId=1&cursor=${cursor}`)).toEqual(['invalid_cursor'])
    for (let at = 0; at < cursor.length; at++) {
      const altered = cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1)
      if (altered !== cursor) await faults(`kind=post&cursor=${altered}`)
    }
    expect((await page({ kind: 'post', pageSize: 3, cursor })).items).toHaveLength(2)
  })
})
