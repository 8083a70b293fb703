import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/db/database.ts'
import { lastInstant, meetSchedules } from '../../src/jobs/schedule.ts'
import { useDatabase } from '../support/database.ts'
import { enqueue, kindOf } from '../support/jobs.ts'
import { openTestPool } from '../support/pool.ts'

describe('the last instant of a schedule', () => {
  it.each([
    ['0 * * * *', '2026-11-22T10:00:00.000Z', '2026-11-22T10:00:00.000Z'],
    ['0 * * * *', '2026-11-22T09:59:59.999Z', '2026-11-22T09:00:00.000Z'],
    ['20 3 * * *', '2026-03-29T03:20:00.500Z', '2026-03-29T03:20:00.000Z'],
    ['20 3 * * *', '2026-01-01T03:19:59.000Z', '2025-12-31T03:20:00.000Z'],
  ])('of %s at %s is %s', (pattern, now, last) => {
    expect(lastInstant(pattern, Date.parse(now))?.toISOString()).toBe(last)
  })
})

describe('schedules', () => {
  const database = useDatabase()
  const hourly = kindOf('hourly', undefined, { schedule: '0 * * * *', isSingle: true })
  const daily = kindOf('daily', undefined, { schedule: '0 0 * * *', isSingle: true })
  const kinds = [hourly, daily, kindOf('by_hand')]
  let pools: Pool[]
  beforeAll(() => {
    pools = Array.from({ length: 8 }, () => openTestPool(database.url))
  })
  afterAll(async () => {
    for (const pool of pools) await pool.close()
  })
  beforeEach(async () => {
    await database.sql`delete from shopboard.jobs`
  })
  const meet = (pool: Pool | undefined) =>
    pool?.transaction({ access: 'read write' }, (db) => meetSchedules(db, kinds))
  const jobs = () => database.sql`select kind, state, slot from shopboard.jobs order by kind, slot`

  it('are met once, though 8 servers meet them at once, and again', async () => {
    const started = await Promise.all([...pools, ...pools].map(meet))
    expect(started.flat().toSorted()).toEqual(['daily', 'hourly'])
    expect(await jobs()).toMatchObject([{ kind: 'daily' }, { kind: 'hourly' }])
  })

  it('are met once for all the instants that nobody met', async () => {
    await database.sql`insert into shopboard.jobs (kind, key, created_by, slot, state)
      values ('hourly', '', 'schedule', date_trunc('hour', now()) - interval '5 hours', 'done')`
    await meet(pools[0])
    expect((await jobs()).filter(({ kind }) => kind === 'hourly')).toHaveLength(2)
  })

  it('wait for a job of their kind that waits or runs', async () => {
    await enqueue(pools[0] as Pool, hourly)
    expect(await meet(pools[0])).toEqual(['daily'])
    await database.sql`update shopboard.jobs set state = 'dead'`
    expect(await meet(pools[0])).toEqual(['hourly'])
  })

  it('are not met again when the clock of the database goes back', async () => {
    await database.sql`insert into shopboard.jobs (kind, key, created_by, slot, state)
      select kind, '', 'schedule', now() + interval '1 day', 'done' from unnest(array['hourly', 'daily']) as kind`
    expect(await meet(pools[0])).toEqual([])
  })
})
