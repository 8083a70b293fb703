import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { expiredSessions } from '../../../src/jobs/kinds/expired-sessions.ts'
import { useDatabase } from '../../support/database.ts'
import { insertUser } from '../../support/factories.ts'
import { settings } from '../../support/jobs.ts'
import { openTestPool } from '../../support/pool.ts'

const database = useDatabase()
let pool: Pool

beforeAll(() => {
  pool = openTestPool(database.url)
})
afterAll(() => pool.close())

const jobWith = (sessionRetention: number | undefined) => ({
  id: 1,
  params: {},
  pool,
  signal: new AbortController().signal,
  settings: { ...settings, sessionRetention },
  progress: () => {},
})

it('deletes the sessions that were not seen for so many days, and none where nothing is set', async () => {
  const { id } = await insertUser(database.sql)
  await database.sql`insert into sessions (user_id, created_at, last_seen_at)
    select ${id}, now() - interval '1 year', now() - interval '1 hour' - i * interval '1 day' from generate_series(0, 2599) as i`
  expect(await expiredSessions.work(jobWith(undefined))).toEqual({ rows: 0 })
  expect(await expiredSessions.work(jobWith(100))).toEqual({ rows: 2500 })
  const left = await database.sql`
    select count(*)::int as n, min(last_seen_at) > now() - interval '100 days' as young from sessions`
  expect(left).toEqual([{ n: 100, young: true }])
})
