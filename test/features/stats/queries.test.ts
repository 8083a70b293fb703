import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ActiveUsers } from '../../../src/features/stats/schemas/active-users.ts'
import type { Stats } from '../../../src/features/stats/schemas/stats.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'
import { useDashboard } from './app.ts'

describe('GET /api/v1/dashboard/stats', () => {
  const dashboard = useDashboard()
  const stats = (window = '7d') => dashboard.get<Stats>('stats', { window })

  /** So many whole days ago. */
  const ago = async (days: number) => {
    const [row] = await dashboard.sql<{ at: string }[]>`
      select to_char(now() - ${days}::int * interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS.USOF') as at`
    return row?.at ?? ''
  }

  it('counts live rows, pending or folded, and never deleted ones', async () => {
    const { totals: before } = await stats()
    const author = await insertUser(dashboard.sql)
    const post = await insertPost(dashboard.sql, { author_id: author.id })
    await insertComment(dashboard.sql, { post_id: post.id, author_id: author.id })
    await insertComment(dashboard.sql, { post_id: post.id, deleted_at: await ago(0) })
    await insertSession(dashboard.sql, { user_id: author.id })

    const pending = await stats()
    await dashboard.sql`select rollup.fold()`
    const folded = await stats()

    const more = (n: number) => ({
      users: before.users + n,
      posts: before.posts + n,
      comments: before.comments + n,
      sessions: before.sessions + n,
    })
    expect(pending.totals).toEqual(more(1))
    expect(folded).toEqual({ ...pending, asOf: expect.any(String) })
  })

  it('compares the window with the days before it, today included', async () => {
    const { sql } = dashboard
    const before = await stats('2d')
    for (const days of [0, 1, 1, 2, 3, 4]) await insertUser(sql, { created_at: await ago(days) })

    const { new: fresh } = await stats('2d')

    expect(fresh.today.users).toBe(before.new.today.users + 1)
    expect(fresh.window.users).toBe(before.new.window.users + 3)
    expect(fresh.previous.users).toBe(before.new.previous.users + 2)
  })

  it('rounds the change to two decimals and has none from nothing', async () => {
    const { sql } = dashboard
    const day = async (days: number, posts: number) => {
      for (let i = 0; i < posts; i++) await insertPost(sql, { created_at: await ago(days) })
    }
    const { new: before } = await stats('100d')
    await day(0, Math.max(0, 2 - before.window.posts))
    await day(150, 3)

    const { new: fresh } = await stats('100d')

    expect(fresh.previous).toMatchObject({ posts: 3, sessions: 0 })
    expect(fresh.changePct.posts).toBe(Math.round(((fresh.window.posts - 3) / 3) * 10_000) / 100)
    expect(fresh.changePct.sessions).toBeNull()
  })

  it('counts who was active today, in 7 and in 30 days, and sessions seen within 5 minutes', async () => {
    const { sql } = dashboard
    const { active: before } = await stats()
    for (const days of [0, 6, 7, 29, 30]) {
      const { id } = await insertUser(sql)
      await insertPost(sql, { author_id: id, created_at: await ago(days) })
    }
    const seenNow = await insertSession(sql, { created_at: await ago(50) })
    await insertSession(sql, { created_at: await ago(50), last_seen_at: await ago(1) })
    await insertSession(sql, { created_at: await ago(50), deleted_at: await ago(0) })

    const { active } = await stats()

    expect(active).toEqual({
      now: before.now + 1,
      day: before.day + 1,
      week: before.week + 2,
      month: before.month + 4,
    })
    expect(seenNow.deleted_at).toBeNull()
  })

  it('claims no later moment than its snapshot, in microseconds', async () => {
    const clock = async () => {
      const [row] = await dashboard.sql<{ ms: number }[]>`
        select floor(extract(epoch from clock_timestamp()) * 1000)::float8 as ms`
      return row?.ms
    }
    const before = await clock()
    const { asOf } = await stats()
    const after = await clock()

    expect(asOf).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
    expect(Date.parse(asOf)).toBeGreaterThanOrEqual(Number(before))
    expect(Date.parse(asOf)).toBeLessThanOrEqual(Number(after))
  })
})

describe('GET /api/v1/dashboard/active-users', () => {
  const dashboard = useDashboard()
  const activeUsers = (query: Record<string, string>) =>
    dashboard.get<ActiveUsers>('active-users', query)

  const write = fc.record({
    table: fc.constantFrom('posts', 'comments', 'sessions'),
    user: fc.integer({ min: 1, max: 4 }),
    day: fc.integer({ min: 0, max: 80 }),
    after: fc.constantFrom('keep', 'keep', 'fold', 'delete', 'undelete', 'remove'),
  })

  it('agrees with a distinct count over the tables on every day, whatever was written and folded', async () => {
    const { sql } = dashboard
    await sql`insert into users (id, username) select id, 'user ' || id from generate_series(1, 4) as id`
    await sql`insert into posts (id, created_at) values (-1, '2000-01-01')`
    const property = fc.asyncProperty(
      fc.array(write, { minLength: 1, maxLength: 12 }),
      async (writes) => {
        for (const { table, user, day, after } of writes) {
          const values = {
            created_at: new Date(Date.UTC(2020, 0, 1 + day, 13)).toISOString(),
            ...(table === 'sessions' ? { user_id: user } : { author_id: user }),
            ...(table === 'comments' && { post_id: -1, body: '' }),
          }
          await sql`insert into ${sql(table)} ${sql(values)}`
          if (after === 'fold') await sql`select rollup.fold()`
          const one = sql`id = (select id from ${sql(table)} where id > 0 order by random() limit 1)`
          if (after === 'delete')
            await sql`update ${sql(table)} set deleted_at = now() where ${one}`
          if (after === 'undelete')
            await sql`update ${sql(table)} set deleted_at = null where ${one}`
          if (after === 'remove') await sql`delete from ${sql(table)} where ${one}`
        }

        const { items } = await activeUsers({ from: '2019-12-25', to: '2020-05-01' })

        expect(items).toEqual(await recounted('2019-12-25', '2020-05-01'))
        for (const { day, week, month } of items) {
          expect(day).toBeLessThanOrEqual(week)
          expect(week).toBeLessThanOrEqual(month)
        }
      },
    )
    await fc.assert(property, { numRuns: 25 })
  })

  const recounted = (from: string, to: string) => dashboard.sql`
    with active as (
      select author_id as id, (created_at at time zone 'UTC')::date as day from posts where deleted_at is null
      union select author_id, (created_at at time zone 'UTC')::date from comments where deleted_at is null
      union select user_id, (created_at at time zone 'UTC')::date from sessions where deleted_at is null
    )
    select date::date::text,
      count(distinct id) filter (where day = date)::int as day,
      count(distinct id) filter (where day > date - interval '7 days')::int as week,
      count(distinct id)::int as month
    from generate_series(${from}::date, ${to}::date, interval '1 day') as date
    left join active on day > date - interval '30 days' and day <= date
    group by date order by date`

  it('answers today, a date, or both ends of a range and all days between', async () => {
    const [today] = await dashboard.sql<{ date: string }[]>`
      select (now() at time zone 'UTC')::date::text as date`
    const dates = async (query: Record<string, string>) =>
      (await activeUsers(query)).items.map(({ date }) => date)

    expect(await dates({})).toEqual([today?.date])
    expect(await dates({ date: '2024-02-29' })).toEqual(['2024-02-29'])
    expect(await dates({ date: '9999-12-31' })).toEqual(['9999-12-31'])
    expect(await dates({ from: '2024-02-28', to: '2024-03-01' })).toEqual([
      '2024-02-28',
      '2024-02-29',
      '2024-03-01',
    ])
    expect(await dates({ from: '2024-01-01', to: '2024-12-31' })).toHaveLength(366)
    expect(await dates({ to: '2024-01-30' })).toHaveLength(30)
    expect((await dates({ from: today?.date ?? '' })).at(-1)).toBe(today?.date)
  })
})
