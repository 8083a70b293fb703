import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Kind, kinds, kindTable } from '../../../src/db/rollup/kinds.ts'
import type { ActivityPage } from '../../../src/features/activity/schemas.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { insertPost, insertUser } from '../../support/factories.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app?.close())

type Row = { kind: Kind; id: number; at: string }
const pageSize = 10

async function page(query: Record<string, string | number>): Promise<ActivityPage> {
  const params = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]))
  const response = await app.request(`/api/v1/activity?${params}&pageSize=${pageSize}`)
  expect(response.status).toBe(200)
  return (await response.json()) as ActivityPage
}

/** The feed's live rows in its order, the plain way. */
const feed = (): Promise<Row[]> => app.sql<Row[]>`
  select kind, id::integer as id, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from (
    select 'post' as kind, 0 as rank, id, created_at, deleted_at from posts
    union all select 'comment', 1, id, created_at, deleted_at from comments
    union all select 'signup', 2, id, created_at, deleted_at from users
    union all select 'session', 3, id, created_at, deleted_at from sessions
  ) as feed where deleted_at is null order by created_at desc, rank, id desc`

const keyOf = ({ kind, id }: { kind: string; id: number }) => `${kind} ${id}`

/** So many rows of a kind in one quarter-hour: `spread` microseconds apart, all at one instant for 0. */
async function crowd(kind: Kind, rows: number, spread: number): Promise<void> {
  const values: Record<Kind, string> = {
    post: `posts (created_at, author_id) select at, -1`,
    comment: `comments (created_at, post_id, author_id, body) select at, -1, -1, 'c'`,
    signup: `users (created_at, username) select at, 'u'`,
    session: `sessions (created_at, user_id) select at, -1`,
  }
  await app.sql.unsafe(`
    insert into ${values[kind]}
    from generate_series(1, ${rows}) as i,
      lateral (select '2020-02-29T12:05:00Z'::timestamptz + ${spread} * (i * 7919 % ${rows}) * interval '1 microsecond' as at) as moment`)
}

/** The pages that a query visits, in the cache or not. */
async function buffers(query: string): Promise<number> {
  await app.sql.unsafe(query)
  const explained = await app.sql.unsafe(`explain (analyze, buffers) ${query}`)
  const [, hit = '0', read = '0'] =
    /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/.exec(explained[1]?.['QUERY PLAN']) ?? []
  return Number(hit) + Number(read)
}

describe('a jump into a crowd, and a bound inside it', () => {
  const some = fc.record({
    crowds: fc.array(
      fc.record({
        kind: fc.constantFrom(...kinds),
        rows: fc.integer({ min: 50, max: 5_000 }),
        spread: fc.constantFrom(0, 1, 60_000),
        isFolded: fc.boolean(),
      }),
      { minLength: 2, maxLength: 4 },
    ),
    asked: fc.subarray([...kinds], { minLength: 1 }),
    places: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 8 }),
    deleted: fc.integer({ min: 3, max: 9 }),
  })

  it('find the very rows that come so far down, pending or folded, of several kinds', async () => {
    const property = fc.asyncProperty(some, async ({ crowds, asked, places, deleted }) => {
      await app.sql`truncate users, posts, comments, sessions cascade`
      await insertUser(app.sql, { id: -1, created_at: '2020-02-29T12:00:00Z' })
      await insertPost(app.sql, { id: -1, created_at: '2020-02-29T11:59:00Z' })
      for (const { kind, rows, spread, isFolded } of crowds) {
        await crowd(kind, rows, spread)
        if (isFolded) await app.sql`select rollup.fold()`
      }
      for (const { tableName } of Object.values(kindTable))
        await app.sql`update ${app.sql(tableName)} set deleted_at = now() where id % ${deleted} = 1 and id > 0`

      const rows = (await feed()).filter(({ kind }) => asked.includes(kind))
      const kind = asked.join()
      for (const place of places) {
        const number = 2 + Math.floor((place * rows.length) / pageSize)
        const found = await page({ kind, page: number })
        expect(found.metadata.total).toBe(rows.length)
        expect(found.items.map(keyOf)).toEqual(
          rows.slice((number - 1) * pageSize, number * pageSize).map(keyOf),
        )
        const { at = '' } = rows[Math.floor(place * (rows.length - 1))] ?? {}
        if (at === '') continue
        const [older, newer] = [
          rows.filter((row) => row.at < at),
          rows.filter((row) => row.at > at),
        ]
        expect((await page({ kind, before: at })).metadata.total).toBe(older.length)
        expect((await page({ kind, after: at })).metadata.total).toBe(newer.length)
        const second = await page({ kind, before: at, page: 2 })
        expect(second.items.map(keyOf)).toEqual(older.slice(pageSize, 2 * pageSize).map(keyOf))
      }
    })
    await fc.assert(property, { numRuns: 12 })
  }, 120_000)

  it.each(['desc', 'asc'])('find the users of each class there, %s', async (order) => {
    await app.sql`truncate users, posts, comments, sessions cascade`
    await crowd('signup', 5_000, 0)
    await app.sql`update users set is_active = id % 3 > 0, is_admin = id % 5 = 0`
    await app.sql`select rollup.fold()`
    await crowd('signup', 500, 1)
    await app.sql`update users set is_admin = not is_admin where id % 50 = 0`
    const users = await app.sql<{ id: number; isActive: boolean; isAdmin: boolean; at: string }[]>`
      select id::integer, is_active as "isActive", is_admin as "isAdmin", created_at as at
      from users order by created_at desc, id desc`
    if (order === 'asc') users.reverse()
    for (const flags of [
      'isActive=true',
      'isActive=false',
      'isAdmin=true',
      'isActive=true&isAdmin=false',
      'isActive=false&isAdmin=true',
    ]) {
      const asked = Object.entries(Object.fromEntries(new URLSearchParams(flags)))
      const expected = users.filter((user) =>
        asked.every(
          ([flag, value]) => String(user[flag === 'isAdmin' ? flag : 'isActive']) === value,
        ),
      )
      for (const number of [2, Math.ceil(expected.length / 20), Math.ceil(expected.length / 10)]) {
        const response = await app.request(
          `/api/v1/users?${flags}&order=${order}&page=${number}&pageSize=10`,
        )
        const { items, metadata } = (await response.json()) as {
          items: { id: number }[]
          metadata: { total: number }
        }
        expect(metadata.total).toBe(expected.length)
        expect(items.map(({ id }) => id)).toEqual(
          expected.slice((number - 1) * 10, number * 10).map(({ id }) => id),
        )
      }
      const since = await app.request(`/api/v1/users?${flags}&createdAfter=2020-02-29T12:05:00Z`)
      const { metadata } = (await since.json()) as { metadata: { total: number } }
      expect(metadata.total).toBe(expected.filter(({ at }) => at > '2020-02-29 12:05:00+00').length)
    }
  })

  it('visit hardly more of ten times the crowd, at one instant', async () => {
    await app.sql`truncate users, posts, comments, sessions cascade`
    await insertUser(app.sql, { id: -1, created_at: '2020-02-29T12:00:00Z' })
    await insertPost(app.sql, { id: -1, created_at: '2020-02-29T11:59:00Z' })
    const middle = `rollup.crowd_position('{0,1,2}', '2020-02-29T12:00:00Z', (select n / 2 from rollup.totals where kind = 1))`
    const bound = `rollup.crowd_since('{0,1,2}', '2020-02-29T12:00:00Z', '2020-02-29T12:05:00Z')`
    const visited = async (rows: number) => {
      await crowd('comment', rows, 0)
      await app.sql`select rollup.fold()`
      const [left] = await app.sql.unsafe(`select max(rest)::integer as rest from ${middle}`)
      expect(left?.rest).toBeLessThanOrEqual(2_000)
      return buffers(`select * from ${middle}, ${bound}`)
    }
    const few = await visited(20_000)
    const many = await visited(180_000)
    expect(many).toBeLessThan(4 * few)
  }, 60_000)
})
