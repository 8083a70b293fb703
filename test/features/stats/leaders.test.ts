import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Leaders, leadings } from '../../../src/features/stats/schemas/leaders.ts'
import { insertComment, insertPost, insertUser } from '../../support/factories.ts'
import { useDashboard } from './app.ts'

const dashboard = useDashboard()
const ask = async (query: Record<string, string>) =>
  (await dashboard.get<Leaders>('leaders', query)).items
const idsOf = async (query: Record<string, string>) => (await ask(query)).map(({ user }) => user.id)

describe('GET /api/v1/dashboard/leaders', () => {
  beforeEach(() => dashboard.sql`truncate users, posts, comments, sessions cascade`)

  const plant = async (id: number, posts: number, comments: number, created_at = '2020-01-15Z') => {
    const { sql } = dashboard
    await insertUser(sql, { id, username: `user ${id}` })
    for (let i = 0; i < posts; i++) await insertPost(sql, { author_id: id, created_at })
    const { id: post_id } = await insertPost(sql)
    for (let i = 0; i < comments; i++)
      await insertComment(sql, { post_id, author_id: id, created_at })
  }
  /** The same before and after a fold, for all times and for a year. */
  const expectIds = async (query: Record<string, string>, ids: readonly number[]) => {
    const year = { ...query, from: '2020-01-01', to: '2021-01-01' }
    expect([await idsOf(query), await idsOf(year)]).toEqual([ids, ids])
    await dashboard.sql`select rollup.fold()`
    expect([await idsOf(query), await idsOf(year)]).toEqual([ids, ids])
  }

  it('orders by posts, comments or both, then by id, and names nobody who has none', async () => {
    await plant(3, 2, 0)
    await plant(-1, 1, 3)
    await plant(2, 2, 2)
    await plant(5, 0, 0)
    await plant(4, 0, 2)
    await expectIds({ by: 'posts' }, [2, 3, -1])
    await expectIds({ by: 'comments' }, [-1, 2, 4])
    await expectIds({}, [-1, 2, 3, 4])
    await expectIds({ limit: '2' }, [-1, 2])
    expect((await ask({ limit: '1' }))[0]).toEqual({
      user: { id: -1, username: 'user -1' },
      posts: 1,
      comments: 3,
    })
  })

  it('forgets who is deleted, and what is deleted', async () => {
    const { sql } = dashboard
    for (const id of [1, 2, 3]) await plant(id, id, 0)
    await expectIds({}, [3, 2, 1])
    await sql`update users set deleted_at = now() where id = 3`
    await expectIds({}, [2, 1])
    await sql`update posts set deleted_at = now() where author_id = 2`
    await expectIds({}, [1])
    await sql`update users set deleted_at = null where id = 3`
    await sql`update posts set author_id = 2 where author_id = 1`
    await expectIds({}, [3, 2])
    await sql`delete from users where id = 3`
    await expectIds({}, [2])
  })

  it('counts from the first day on and up to the last, which no longer counts', async () => {
    await plant(1, 1, 0, '2020-01-01T00:00:00Z')
    await plant(2, 1, 0, '2020-01-31T23:59:59.999999Z')
    await plant(3, 1, 0, '2020-02-01T00:00:00Z')
    expect(await idsOf({ from: '2020-01-01', to: '2020-02-01' })).toEqual([1, 2])
    expect(await idsOf({ from: '2020-01-02' })).toEqual([2, 3])
    expect(await idsOf({ to: '2020-02-01' })).toEqual([1, 2])
    expect(await idsOf({ from: '2020-02-01', to: '2020-02-01' })).toEqual([])
    expect(await idsOf({ from: '0001-01-01', to: '9999-12-31' })).toEqual([1, 2, 3])
  })
})

describe('the leaders of many', () => {
  /** 150 who write much in 100 days; 5,350 who write a little then and after; 500 who write a little more, only after. */
  beforeAll(async () => {
    const { sql } = dashboard
    await sql`truncate users, posts, comments, sessions cascade`
    await sql`insert into users (id, username) select i, 'user ' || i from generate_series(1, 6000) i`
    await sql`update users set deleted_at = now() where id % 100 = 0`
    await sql`
      insert into posts (author_id, created_at)
      select i, '2020-01-01Z'::timestamptz + day * interval '1 day'
      from (
        select i, (i * 7 + n) % 100 as day from generate_series(1, 150) i, generate_series(1, 40 + i * 13 % 50) n
        union all
        select i, (i * 31 + n * 57) % 100 + n % 2 * 100 from generate_series(151, 5500) i, generate_series(1, 4) n
        union all
        select i, 100 + (i * 17 + n * 9) % 100 from generate_series(5501, 6000) i, generate_series(1, 3) n
      ) as made`
    await sql`
      insert into comments (post_id, author_id, body, created_at)
      select (select min(id) from posts), author_id, '', created_at + id % 50 * interval '1 day' from posts where id % 3 = 0`
    await sql`select rollup.fold()`
    await sql`vacuum analyze`
    await sql`insert into posts (author_id, created_at) select 1 + i % 60 * 80, '2020-02-01Z' from generate_series(1, 300) i`
    await sql`update posts set deleted_at = now() where id % 100 = 7`
  })

  /** By the tables alone. */
  const plainly = async (by: string, from: string, to: string, limit: number) => {
    const rows = await dashboard.sql<{ id: number; posts: number; comments: number }[]>`
      select id::integer, posts::integer, comments::integer
      from (
        select u.id, coalesce(p.n, 0) as posts, coalesce(c.n, 0) as comments
        from users u
          left join (
            select author_id, count(*) as n from posts
            where deleted_at is null and created_at >= ${from} and created_at < ${to} group by 1
          ) as p on p.author_id = u.id
          left join (
            select author_id, count(*) as n from comments
            where deleted_at is null and created_at >= ${from} and created_at < ${to} group by 1
          ) as c on c.author_id = u.id
        where u.deleted_at is null
      ) as each, lateral (select case ${by} when 'posts' then posts when 'comments' then comments else posts + comments end as score) as s
      where score > 0 order by score desc, id limit ${limit}`
    return rows.map(({ id, ...counts }) => ({ user: { id, username: `user ${id}` }, ...counts }))
  }
  const dayOf = (n: number) => new Date(Date.UTC(2020, 0, 1 + n)).toISOString().slice(0, 10)

  it('are those of a plain count, for any stretch of days', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...leadings),
        fc.integer({ min: -5, max: 220 }),
        fc.integer({ min: 0, max: 160 }),
        fc.constantFrom(1, 10, 100),
        async (by, first, days, limit) => {
          const [from, to] = [dayOf(first), dayOf(first + days)]
          expect(await ask({ by, from, to, limit: String(limit) })).toEqual(
            await plainly(by, from, to, limit),
          )
        },
      ),
      {
        numRuns: 12,
        endOnFailure: true,
        // some of the best of all times have nothing there
        examples: [
          ['comments', 118, 51, 100],
          ['comments', 117, 148, 100],
        ],
      },
    )
  })

  it('are found where everybody else has more of all times', async () => {
    const after = { by: 'posts', from: dayOf(100), to: dayOf(200), limit: '100' }
    const leading = await ask(after)
    expect(leading[0]?.user.id).toBe(5501)
    expect(leading).toEqual(await plainly('posts', after.from, after.to, 100))
  })

  it.each(leadings)('are those of a plain count by %s, of all times', async (by) => {
    const all = await plainly(by, '0001-01-01', '9999-12-31', 100)
    expect(await ask({ by, limit: '100' })).toEqual(all)
    expect(await ask({ by, from: '0001-01-01', limit: '100' })).toEqual(all)
  })
})
