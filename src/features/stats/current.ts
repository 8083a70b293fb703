import type { Context } from 'hono'
import { bind, onlyRow } from '../../db/bound-statement.ts'
import { cacheKey, remember } from '../../http/answer.ts'
import type { AppEnv } from '../../http/context.ts'
import { dashboardStats } from './queries.ts'
import type { Stats } from './schemas/stats.ts'

/** What `GET /api/v1/dashboard/stats` answers, from the same entry of the cache. */
export async function currentStats(c: Context<AppEnv>): Promise<Stats> {
  const key = cacheKey(c.get('caller'), '/api/v1/dashboard/stats')
  const statement = bind(dashboardStats, { days: 7 })
  const { text } = await remember(c, key, { statement, tier: 'short' }, onlyRow)
  return JSON.parse(text)
}
