import { describe, expect, it } from 'vitest'
import { withBulk } from '../../../src/db/bulk/bulk.ts'
import { useDatabase } from '../../support/database.ts'

const database = useDatabase()

describe('watchWaits', () => {
  it('tells once who holds what a session waits for, and leaves no connection', async () => {
    const holder = await database.sql.reserve()
    await holder`begin`
    const [held] = await holder`select pg_backend_pid() as pid from pg_advisory_xact_lock(4711)`
    const told: string[] = []
    const waiting = withBulk(
      database.url,
      undefined,
      ({ sql }) => sql`select pg_advisory_lock(4711)`,
      (holders) => told.push(holders),
    )
    await expect.poll(() => told).toHaveLength(1)
    expect(told[0]).toMatch(
      new RegExp(`^process ${held?.pid} .*since .* UTC, idle in transaction$`),
    )
    await holder`rollback`
    holder.release()
    await waiting
    await expect
      .poll(
        () => database.sql`select from pg_stat_activity
          where datname = current_database() and application_name like 'shopboard %'`,
      )
      .toEqual([])
  })
})
