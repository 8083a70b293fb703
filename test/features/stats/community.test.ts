import { beforeAll, describe, expect, it } from 'vitest'
import type { ActiveUsers } from '../../../src/features/stats/schemas/active-users.ts'
import { type Leaders, leadings } from '../../../src/features/stats/schemas/leaders.ts'
import type { Retention } from '../../../src/features/stats/schemas/retention.ts'
import type { Stats } from '../../../src/features/stats/schemas/stats.ts'
import type { Trends } from '../../../src/features/stats/schemas/trends.ts'
import { describeCommunity, loadCommunity } from '../../support/community.ts'
import { useDashboard } from './app.ts'

describeCommunity('the dashboard of a real community', () => {
  const dashboard = useDashboard()
  beforeAll(() => loadCommunity(dashboard.sql))

  describe.each(['pending', 'folded'])('while its counts are %s', (state) => {
    beforeAll(async () => {
      if (state === 'folded') await dashboard.sql`select rollup.fold()`
    })

    it('counts all of it', async () => {
      const { totals } = await dashboard.get<Stats>('stats')
      expect(totals).toEqual({ users: 6863, posts: 3471, comments: 3509, sessions: 0 })
    })

    it.each([
      { date: '2016-06-15', day: 5, week: 19, month: 56 },
      { date: '2018-03-01', day: 0, week: 4, month: 22 },
    ])('knows who was active on $date', async (expected) => {
      const { date } = expected
      const { items } = await dashboard.get<ActiveUsers>('active-users', { date })
      expect(items).toEqual([expected])
    })

    it('counts the posts of 30 days', async () => {
      const { items } = await dashboard.get<Trends>('trends', {
        metric: 'posts',
        from: '2017-02-15',
        to: '2017-03-17',
      })
      expect(items).toHaveLength(30)
      expect(items.reduce((sum, { posts = 0 }) => sum + posts, 0)).toBe(127)
    })

    it('knows who of each month’s sign-ups came back, as plain SQL over the tables does', async () => {
      const { items } = await dashboard.get<Retention>('retention', {
        from: '2013-01',
        to: '2020-12',
        months: '120',
      })
      const plain = await dashboard.sql<{ cohort: string; size: number; active: number[] }[]>`
        with did as (
          select author_id as id, to_char(created_at at time zone 'UTC', 'YYYY-MM') as month from posts where deleted_at is null
          union select author_id, to_char(created_at at time zone 'UTC', 'YYYY-MM') from comments where deleted_at is null
        ),
        people as (
          select id, to_char(created_at at time zone 'UTC', 'YYYY-MM') as cohort from users where deleted_at is null
        ),
        cells as (select cohort, month, count(*)::int as n from people join did using (id) group by 1, 2),
        sizes as (select cohort, count(*)::int as size from people group by 1),
        months as (
          select to_char(month, 'YYYY-MM') as month, row_number() over (order by month) as number
          from generate_series(timestamp '2013-01-01', now() at time zone 'UTC', '1 month') as month
        )
        select c.month as cohort, coalesce(min(size), 0) as size, json_agg(coalesce(n, 0) order by k.month) as active
        from months c join months k on k.number >= c.number and k.number < c.number + 120
          left join cells on cells.cohort = c.month and cells.month = k.month
          left join sizes on sizes.cohort = c.month
        where c.month < '2021-01' group by 1 order by 1`
      expect(items.map(({ cohort, size, active }) => ({ cohort, size, active }))).toEqual([
        ...plain,
      ])
      expect(items.find(({ cohort }) => cohort === '2014-01')?.active[0]).toBeGreaterThan(0)
    })

    it.each([
      ['of all times', {}],
      ['of a year', { from: '2016-01-01', to: '2017-01-01' }],
      ['of a month', { from: '2016-06-01', to: '2016-07-01' }],
      ['of a week', { from: '2016-06-13', to: '2016-06-20' }],
    ])('knows the leaders %s, as plain SQL over the tables does', async (_, between) => {
      const { from = '0001-01-01', to = '9999-12-31' } = between as { from?: string; to?: string }
      for (const by of leadings) {
        const { items } = await dashboard.get<Leaders>('leaders', { by, limit: '25', ...between })
        const plain = await dashboard.sql`
          select json_build_object('id', id, 'username', username) as user,
            count(*) filter (where kind = 'posts')::int as posts, count(*) filter (where kind = 'comments')::int as comments
          from users join (
            select author_id, created_at, 'posts' as kind from posts where deleted_at is null
            union all select author_id, created_at, 'comments' from comments where deleted_at is null
          ) as made on author_id = id
          where users.deleted_at is null and made.created_at >= ${from} and made.created_at < ${to}
          group by id having count(*) filter (where ${by} in (kind, 'activity')) > 0
          order by count(*) filter (where ${by} in (kind, 'activity')) desc, id limit 25`
        expect(items).toEqual([...plain])
      }
    })

    it.each(['UTC', 'Asia/Kathmandu'])(
      'counts every month of %s as often as all of it',
      async (tz) => {
        const { items } = await dashboard.get<Trends>('trends', {
          interval: 'month',
          tz,
          from: '2014-01-01',
          to: '2020-06-01',
        })
        const sum = (metric: 'posts' | 'comments' | 'signups' | 'sessions') =>
          items.reduce((all, item) => all + (item[metric] ?? 0), 0)
        expect([sum('posts'), sum('comments'), sum('signups'), sum('sessions')]).toEqual([
          3471, 3509, 6863, 0,
        ])
      },
    )
  })
})
