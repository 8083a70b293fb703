import { beforeAll, describe, expect, it } from 'vitest'
import type { ActiveUsers } from '../../../src/features/stats/schemas/active-users.ts'
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
