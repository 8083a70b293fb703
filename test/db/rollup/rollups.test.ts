import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase, type TestSql } from '../../support/database.ts'
import { plant } from '../../support/plant.ts'
import { openTestPool } from '../../support/pool.ts'
import { perform, quietWrites, truncates, writersOf } from '../../support/writers.ts'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await createTestDatabase()
  pool = openTestPool(database.url)
})
afterAll(async () => {
  await pool.close()
  await database.drop()
})

/** More of them in a soak. */
const runs = Number(process.env.ROLLUP_RUNS ?? 8)

describe('the rollups', () => {
  it('are exact in every snapshot while many connections write and fold', async () => {
    await fc.assert(
      fc.asyncProperty(writersOf(quietWrites), async (writers) => {
        let isWriting = true
        const looks = lookOn(() => isWriting)
        await perform(database.sql, writers).finally(() => {
          isWriting = false
        })
        expect(await looks).toEqual([])
      }),
      { numRuns: runs, endOnFailure: true },
    )
  }, 120_000)

  it('equal a recount after random writes, truncates among them, with folds in between', async () => {
    await fc.assert(
      fc.asyncProperty(writersOf([...quietWrites, ...truncates]), async (writers) => {
        await perform(database.sql, writers)
        expect(await drifted()).toEqual([])
        await database.sql`select rollup.fold()`
        expect(await drifted()).toEqual([])
        expect(await activeUsersMiscounted(database.sql)).toEqual([])
      }),
      { numRuns: runs, endOnFailure: true },
    )
  }, 120_000)

  it('are exact in a snapshot taken while a fold is not yet committed, and after', async () => {
    const { sql } = database
    await sql`insert into users (username) values ('early')`
    const folding = await sql.reserve()
    await folding`begin`
    await folding`select rollup.fold()`
    expect(await drifted()).toEqual([])
    await sql`insert into users (username) values ('late')`
    expect(await drifted()).toEqual([])
    await folding`commit`
    folding.release()
    expect(await drifted()).toEqual([])
  })

  it('do not fold twice at once', async () => {
    const { sql } = database
    await sql`insert into users (username) values ('someone')`
    const first = await sql.reserve()
    await first`begin`
    expect((await first`select rollup.fold() as n`)[0]?.n).not.toBe('0')
    expect((await sql`select rollup.fold() as n`)[0]?.n).toBe('0')
    await first`commit`
    first.release()
  })

  it('count a new version for every write statement, also for one that moves no count', async () => {
    const { sql } = database
    const versionOfUsers = async () =>
      Number((await sql`select n from rollup.current_versions where kind = 2`)[0]?.n)
    await sql`insert into users (username) values ('renamed')`
    const before = await versionOfUsers()
    await sql`update users set username = 'again' where username = 'renamed'`
    expect(await versionOfUsers()).toBe(before + 1)
    await sql`select rollup.fold()`
    expect(await versionOfUsers()).toBe(before + 1)
    await sql`update users set username = 'nobody' where false`
    expect(await versionOfUsers()).toBe(before + 1)
  })

  it('stay exact on a database whose mark comes from another cluster', async () => {
    const { sql } = database
    await sql`select rollup.fold()`
    await plant(sql, `update rollup.mark set seen_below = '9000000000000'`)
    await sql`insert into users (username) values ('restored')`
    expect(await drifted()).toEqual([])
    await sql`select rollup.fold()`
    expect(await drifted()).toEqual([])
    await sql`insert into users (username) values ('restored too')`
    expect(await drifted()).toEqual([])
  })

  it('refuse a truncate whose snapshot could be too old to take everything back', async () => {
    const truncating = database.sql.begin(
      'isolation level repeatable read',
      (tx) => tx`truncate sessions`,
    )
    await expect(truncating).rejects.toMatchObject({ code: '0A000' })
  })

  it('show drift where a row was counted behind their back', async () => {
    const { sql } = database
    const { id } = (await sql`insert into users (username) values ('ghost') returning id`)[0] ?? {}
    await sql.begin(async (tx) => {
      await tx`alter table users disable trigger rollup_delete`
      await tx`delete from users where id = ${id}`
      await tx`alter table users enable always trigger rollup_delete`
    })
    expect((await drifted()).map(({ rollup }) => rollup)).toEqual([
      'totals',
      'counts',
      'user_totals',
    ])
    await sql.begin(async (tx) => {
      await tx`alter table users disable trigger rollup_insert`
      await tx`insert into users (id, username, created_at) select ${id}, 'ghost', max(bucket) from rollup.current_counts where kind = 2 and span = 'quarter' and n > 0`
      await tx`alter table users enable trigger rollup_insert`
    })
  })
})

const drifted = async () => (await verify(pool)).filter(({ drift }) => drift > 0)

/** Recounts again and again in snapshots of their own while others write and fold. */
async function lookOn(goOn: () => boolean) {
  const found = []
  while (goOn()) found.push(...(await drifted()))
  return found
}

/** The windows counted the plain way: distinct users of each stretch of days. */
const activeUsersMiscounted = (sql: TestSql) => sql`
  with active as (
    select author_id as user_id, rollup.utc_day(created_at) as day from posts where deleted_at is null and author_id is not null
    union select author_id, rollup.utc_day(created_at) from comments where deleted_at is null and author_id is not null
    union select user_id, rollup.utc_day(created_at) from sessions where deleted_at is null
  ),
  days as (select generate_series('2019-12-01'::date, '2020-06-01', '1 day')::date as day)
  select days.day, daily, weekly, monthly from days left join rollup.active_users stored using (day)
  where (coalesce(daily, 0), coalesce(weekly, 0), coalesce(monthly, 0)) is distinct from (
    select (
      count(distinct user_id) filter (where a.day = days.day),
      count(distinct user_id) filter (where a.day > days.day - 7),
      count(distinct user_id)
    ) from active a where a.day > days.day - 30 and a.day <= days.day
  )`
