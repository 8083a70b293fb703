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
})
