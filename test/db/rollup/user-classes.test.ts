import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { currentBuckets, foldedBuckets, pendingCounts } from '../../../src/db/rollup/tables.ts'
import {
  classesOf,
  crowdNumber,
  isSignupOf,
  signupsOf,
  type UserClasses,
} from '../../../src/db/rollup/user-classes.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { statement } from '../../../src/db/statement.ts'
import { type TestSql, useDatabase } from '../../support/database.ts'
import { openTestPool } from '../../support/pool.ts'

const either = [undefined, true, false]
const filters: readonly UserClasses[] = either.flatMap((isActive) =>
  either.map((isAdmin) => ({ isActive, isAdmin })),
)

/** Eleven of each class over three months, one in six of them deleted. */
const insertUsers = (sql: TestSql) => sql`
  insert into users (username, is_active, is_admin, created_at, deleted_at)
  select 'u' || i, i % 4 < 2, i % 2 = 0, '2020-01-01T00:00:00Z'::timestamptz + i * interval '2 days', case when i % 6 = 0 then now() end
  from generate_series(0, 43) as i`

const buckets = filters.map((users, at) =>
  statement<Record<never, never>, { n: string }>(
    `buckets_${at}`,
    { reads: ['users'] },
    () =>
      sql`select sum(${signupsOf(users)}) as n from ${currentBuckets} where ${currentBuckets.span} = 'month'`,
  ),
)
const parts = filters.map((users, at) =>
  statement<Record<never, never>, { n: string }>(
    `parts_${at}`,
    { reads: ['users'] },
    () => sql`
      select coalesce((select sum(${signupsOf(users)}) from ${foldedBuckets} where ${foldedBuckets.span} = 'day'), 0)
        + coalesce((select sum(${pendingCounts.n}) from ${pendingCounts}
            where ${pendingCounts.kind} = 2 and ${isSignupOf(users, pendingCounts.flags)}), 0) as n`,
  ),
)

describe('the classes of users', () => {
  const database = useDatabase()
  let pool: Pool
  beforeAll(() => {
    pool = openTestPool(database.url)
  })
  afterAll(() => pool.close())

  const recounted = async () => {
    const users = await database.sql<{ isActive: boolean; isAdmin: boolean }[]>`
      select is_active as "isActive", is_admin as "isAdmin" from users where deleted_at is null`
    return filters.map((filter) => {
      const of = classesOf(filter)
      return users.filter((user) =>
        of.some((one) => one.isActive === user.isActive && one.isAdmin === user.isAdmin),
      ).length
    })
  }
  const countedBy = (counts: typeof buckets) =>
    pool.transaction({ access: 'read only' }, async (db) => {
      const counted: number[] = []
      for (const count of counts) counted.push(Number((await db.run(count))[0]?.n))
      return counted
    })
  const expectExact = async () => {
    const expected = await recounted()
    expect(await countedBy(buckets)).toEqual(expected)
    expect(await countedBy(parts)).toEqual(expected)
    expect((await verify(pool)).filter(({ drift }) => drift > 0)).toEqual([])
  }

  it('are counted for every pair of flags, pending, folded, or both, whoever changes theirs', async () => {
    const { sql } = database
    await insertUsers(sql)
    await expectExact()
    await sql`select rollup.fold()`
    await expectExact()
    await insertUsers(sql)
    await sql`update users set is_active = not is_active where id % 3 = 0`
    await sql`update users set is_admin = not is_admin, deleted_at = null where id % 5 = 0`
    await sql`update users set deleted_at = now(), is_admin = true where id % 7 = 0`
    await sql`delete from users where id % 11 = 0`
    await expectExact()
    await sql`select rollup.fold()`
    await expectExact()
    await sql`truncate users cascade`
    await expectExact()
    await sql`select rollup.fold()`
    await expectExact()
  })

  it('move no count where something else of a user changes', async () => {
    const { sql } = database
    await insertUsers(sql)
    await sql`select rollup.fold()`
    await sql`update users set username = 'someone', is_admin = is_admin, last_seen_at = now()`
    expect(await sql`select from rollup.pending where n <> 0`).toEqual([])
  })

  it('have crowds under the numbers that the fold gives them', async () => {
    for (const { isActive = null, isAdmin = null } of filters) {
      const [row] = await database.sql`select rollup.user_crowd(${isActive}, ${isAdmin}) as n`
      const users = { isActive: isActive ?? undefined, isAdmin: isAdmin ?? undefined }
      expect(row?.n).toBe(crowdNumber(users))
    }
  })
})
