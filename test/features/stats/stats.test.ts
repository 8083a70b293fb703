import { describe, expect, it } from 'vitest'
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

  it.each([
    'window=0d',
    'window=366d',
    'window=-1d',
    'window=7',
    'window=7D',
    'window=',
    'window=1.5d',
    `window=${'9'.repeat(300)}d`,
    'window=7%00d',
    'window=7d&window=8d',
  ])('refuses %s', async (query) => {
    expect(await dashboard.faults(`stats?${query}`)).toMatchObject([{ path: 'window' }])
  })

  it('names an unknown parameter beside a faulty one', async () => {
    const faults = await dashboard.faults('stats?window=x&days=7')
    expect(faults.map(({ path }) => path).sort()).toEqual(['days', 'window'])
  })
})
