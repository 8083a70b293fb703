import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { metrics } from '../../../src/db/rollup/kinds.ts'
import type { Trends } from '../../../src/features/stats/schemas/trends.ts'
import { useDashboard } from './app.ts'

const hour = 3_600_000
const at = (time: number, micros = 0) =>
  `${new Date(time).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}Z`

describe('GET /api/v1/dashboard/trends', () => {
  const dashboard = useDashboard()
  const trends = (query: Record<string, string>) => dashboard.get<Trends>('trends', query)
  const starts = async (query: Record<string, string>) =>
    (await trends({ metric: 'posts', ...query })).items.map(({ start }) => start.slice(0, 16))

  /** Each zone around a time when its clock was moved, or stood off by odd seconds. */
  const places = fc.constantFrom(
    { tz: 'UTC', around: '2024-02-29T00:00:00Z' },
    { tz: 'Asia/Kolkata', around: '2024-01-01T18:30:00Z' },
    { tz: 'America/New_York', around: '2024-11-03T06:00:00Z' },
    { tz: 'America/New_York', around: '2024-03-10T07:00:00Z' },
    { tz: 'Australia/Lord_Howe', around: '2024-04-06T15:00:00Z' },
    { tz: 'Africa/Monrovia', around: '1970-06-01T00:44:30Z' },
    { tz: 'Africa/Monrovia', around: '1972-01-07T00:44:30Z' },
    { tz: 'Europe/Amsterdam', around: '1930-05-15T01:40:28Z' },
    { tz: 'Pacific/Apia', around: '2011-12-30T10:00:00Z' },
    { tz: 'America/Havana', around: '2023-11-05T05:00:00Z' },
  )
  /** Quarters of an hour from there, off by up to two microseconds or somewhere inside. */
  const moment = (span: number) =>
    fc.tuple(
      fc.integer({ min: -span, max: span }),
      fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: 0, max: 899_999_999 })),
    )
  const row = fc.record({
    table: fc.constantFrom('posts', 'comments', 'users', 'sessions'),
    moment: moment(4 * 24 * 3),
    times: fc.integer({ min: 1, max: 3 }),
    after: fc.constantFrom('keep', 'keep', 'fold', 'delete'),
  })
  const instantAt = (around: string, [quarters, micros]: [number, number]) => {
    const all =
      BigInt(Date.parse(around)) * 1000n + BigInt(quarters) * 900_000_000n + BigInt(micros)
    const rest = ((all % 1000n) + 1000n) % 1000n
    return at(Number((all - rest) / 1000n), Number(rest))
  }

  it('agrees with a recount of the tables, by bounds and by the clock of the zone', async () => {
    const { sql } = dashboard
    await sql`insert into users (id, username, created_at) values (-1, 'someone', '2000-01-01')`
    await sql`insert into posts (id, created_at) values (-1, '2000-01-01')`
    const required = {
      users: { username: 'u' },
      posts: {},
      comments: { post_id: -1, body: '' },
      sessions: { user_id: -1 },
    }
    const property = fc.asyncProperty(
      places,
      fc.array(row, { maxLength: 12 }),
      fc.tuple(moment(200), moment(200)),
      fc.constantFrom('hour', 'day', 'week', 'month'),
      async ({ tz, around }, rows, ends, interval) => {
        for (const { table, moment, times, after } of rows) {
          const created_at = instantAt(around, moment)
          const values = Array.from({ length: times }, () => ({ created_at, ...required[table] }))
          await sql`insert into ${sql(table)} ${sql(values)}`
          if (after === 'fold') await sql`select rollup.fold()`
          if (after === 'delete') {
            await sql`update ${sql(table)} set deleted_at = now()
              where id = (select max(id) from ${sql(table)} where deleted_at is null and id > 0)`
          }
        }
        const [from = '', to = ''] = ends.map((end) => instantAt(around, end)).sort()

        const { items } = await trends({ tz, interval, from, to })

        expect(items).toEqual(await recounted(items, to, from))
        expect(await byClock(items, interval, tz)).toEqual(
          await rowsByClock(interval, tz, from, to),
        )
      },
    )
    await fc.assert(property, { numRuns: 120 })
  })

  /** The same buckets, counted in the tables. */
  const recounted = async (items: Trends['items'], to: string, from: string) => dashboard.sql`
    with buckets as (
      select start, greatest(start::timestamptz, ${from}) as since,
        coalesce(lead(start::timestamptz) over (order by start), ${to}) as until
      from unnest(${items.map(({ start }) => start)}::text[]) as start
    )
    select start,
      (select count(*)::int from posts where deleted_at is null and created_at >= since and created_at < until) as posts,
      (select count(*)::int from comments where deleted_at is null and created_at >= since and created_at < until) as comments,
      (select count(*)::int from users where deleted_at is null and created_at >= since and created_at < until) as signups,
      (select count(*)::int from sessions where deleted_at is null and created_at >= since and created_at < until) as sessions
    from buckets where since < until order by start`

  /** What the clock shows where the buckets that are not empty begin, and the sum of all that is in them. */
  const byClock = async (items: Trends['items'], interval: string, tz: string) => dashboard.sql`
    select date_trunc(${interval}, start at time zone ${tz})::text as shown, sum(n)::int as n
    from unnest(${items.map(({ start }) => start)}::timestamptz[],
      ${items.map((item) => metrics.reduce((sum, metric) => sum + (item[metric] ?? 0), 0))}::int[]) as items (start, n)
    where n > 0 group by 1 order by 1`

  const rowsByClock = (interval: string, tz: string, from: string, to: string) => dashboard.sql`
    select date_trunc(${interval}, created_at at time zone ${tz})::text as shown, count(*)::int as n
    from (
      select created_at, deleted_at from posts union all select created_at, deleted_at from comments
      union all select created_at, deleted_at from users union all select created_at, deleted_at from sessions
    ) as rows
    where deleted_at is null and created_at >= ${from} and created_at < ${to}
    group by 1 order by 1`

  it('tells the metrics asked for, in one order', async () => {
    const { items } = await trends({
      metric: 'signups,posts',
      from: '1990-01-01',
      to: '1990-01-02',
    })
    expect(JSON.stringify(items)).toBe(
      '[{"start":"1990-01-01T00:00:00.000000Z","posts":0,"signups":0}]',
    )
  })

  it('cuts up to 1,000 buckets and refuses one more', async () => {
    const from = '2000-01-01'
    const hoursOn = (hours: number, micros = 0) => at(Date.parse(from) + hours * hour, micros)
    expect(await starts({ from, to: hoursOn(1000), interval: 'hour' })).toHaveLength(1000)
    const faults = await dashboard.faults(
      `trends?${new URLSearchParams({ from, to: hoursOn(1001), interval: 'hour' })}`,
    )
    expect(faults).toMatchObject([{ path: 'interval' }])
    await expect(
      trends({ from, to: hoursOn(1000, 1), interval: 'hour', tz: 'Europe/Berlin' }),
    ).rejects.toThrow(/at most 1000 buckets/)
  })
})
