import { beforeAll, describe, expect, it } from 'vitest'
import { leaders } from '../../../src/features/stats/leaders.ts'
import { leadersBetween } from '../../../src/features/stats/leaders-between.ts'
import { activeUsersBetween, dashboardStats } from '../../../src/features/stats/queries.ts'
import { retention } from '../../../src/features/stats/retention.ts'
import { trends } from '../../../src/features/stats/trends.ts'
import { useDatabase } from '../../support/database.ts'
import { planOf } from '../../support/plan.ts'
import { makeVisible } from '../../support/visible.ts'

const daysAgo = (days: number, time = '') =>
  new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10) + time

describe('the statements of the dashboard, at scale', () => {
  const database = useDatabase()
  const days = 100

  /** So many posts, twice as many comments and as many sessions, evenly over the days that end now. */
  const grow = async (posts: number) => {
    const { sql } = database
    const moments = (rows: number) => sql`
      select i, now() - ${days}::int * interval '1 day' * (i / ${rows}::float8) as at
      from generate_series(1, ${rows}::int) as i`
    await sql`insert into posts (author_id, created_at) select 1 + i % 50, at from (${moments(posts)}) as m`
    await sql`
      insert into comments (post_id, author_id, body, created_at)
      select (select min(id) from posts), 1 + i % 50, '', at from (${moments(2 * posts)}) as m`
    await sql`
      insert into sessions (user_id, created_at, last_seen_at)
      select 1 + i % 50, at, at from (${moments(posts)}) as m`
    await sql`select rollup.fold()`
    await sql`vacuum analyze`
    await makeVisible(sql, 'rollup.user_days')
  }

  const plans = async () => {
    const { sql } = database
    const day = {
      interval: 'day',
      tz: 'America/New_York',
      from: null,
      to: null,
      kinds: [0, 1, 2, 3],
      buckets: 30,
    }
    const odd = { from: daysAgo(70, 'T10:07:03.123456Z'), to: daysAgo(40, 'T10:08:03.123456Z') }
    return {
      stats: await planOf(sql, dashboardStats, { days: 30 }),
      activeUsers: await planOf(sql, activeUsersBetween, { from: daysAgo(365), to: daysAgo(0) }),
      hours: await planOf(sql, trends, { ...day, interval: 'hour', ...odd }),
      days: await planOf(sql, trends, day),
      months: await planOf(sql, trends, { ...day, interval: 'month' }),
      retention: await planOf(sql, retention, { from: null, to: null, months: 12 }),
      leaders: await planOf(sql, leaders.activity, { limit: 10 }),
      leadersOfWeek: await planOf(sql, leadersBetween.posts, {
        from: daysAgo(7),
        to: null,
        limit: 10,
      }),
      leadersBetween: await planOf(sql, leadersBetween.comments, {
        from: daysAgo(40),
        to: daysAgo(1),
        limit: 10,
      }),
      oddDays: await planOf(sql, trends, { ...day, tz: 'Asia/Kolkata', ...odd }),
    }
  }

  beforeAll(async () => {
    await database.sql`insert into users (username) select 'user ' || i from generate_series(1, 500) as i`
    await grow(10_000)
  })

  it('scan no table', async () => {
    const scanned = Object.entries(await plans()).map(([name, plan]) => [name, plan.scanned])
    expect(Object.fromEntries(scanned)).toEqual({
      stats: [],
      activeUsers: [],
      hours: [],
      days: [],
      months: [],
      retention: [],
      leaders: [],
      leadersOfWeek: [],
      leadersBetween: [],
      oddDays: [],
    })
  })

  it('touch few pages, and hardly more when the tables are four times as large', async () => {
    const before = await plans()
    await grow(30_000)
    const after = await plans()
    for (const [name, { blocks }] of Object.entries(before)) {
      expect(after[name as keyof typeof before].blocks, name).toBeLessThan(1.3 * blocks + 10)
    }
    expect(after.stats.blocks).toBeLessThan(100)
  })
})
