import { expect, it } from 'vitest'
import { startFolding } from '../../../src/db/rollup/fold.ts'
import { useDatabase } from '../../support/database.ts'
import { openTestPool } from '../../support/pool.ts'

const database = useDatabase()

it('folds what is pending also where no statement of a request could take that long', async () => {
  const { sql, url } = database
  await sql`insert into users (username) values ('someone')`
  const locked = await sql.reserve()
  await locked`begin`
  await locked`lock table rollup.totals in access exclusive mode`

  const pool = openTestPool(url, { statementTimeout: 50, lockTimeout: 20_000 })
  const failures: unknown[] = []
  const folding = startFolding({
    pool,
    interval: 20,
    onFailed: (error) => failures.push(error),
  })
  await expect
    .poll(
      () => sql`select from pg_stat_activity where datname = current_database()
        and wait_event_type = 'Lock' and now() - query_start > '200ms'`,
    )
    .toHaveLength(1)
  await locked`commit`
  locked.release()

  await expect.poll(async () => (await sql`select from rollup.deltas`).length).toBe(0)
  expect(failures).toEqual([])
  await folding.stop()
  await pool.close()
})
