import fc from 'fast-check'
import type postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase, type TestSql } from '../../support/database.ts'
import { plant } from '../../support/plant.ts'
import { openTestPool } from '../../support/pool.ts'

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
    expect((await drifted()).map(({ rollup }) => rollup)).toEqual(['totals', 'counts'])
    await sql.begin(async (tx) => {
      await tx`alter table users disable trigger rollup_insert`
      await tx`insert into users (id, username, created_at) select ${id}, 'ghost', max(bucket) from rollup.current_counts where kind = 2 and span = 'quarter' and n > 0`
      await tx`alter table users enable always trigger rollup_insert`
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

type Write = { readonly name: keyof typeof writes; readonly n: number; readonly at: string }
type Transaction = {
  readonly writes: readonly Write[]
  readonly isolation: 'read committed' | 'repeatable read'
  readonly end: 'commit' | 'rollback'
}

/** What writers do; `n` picks rows, `at` is when something happened. */
const writes = {
  signUp: (sql, { n, at }) =>
    sql`insert into users (username, created_at) select 'u' || i, ${at} from generate_series(1, ${1 + (n % 4)}::int) i`,
  post: (sql, { n, at }) =>
    sql`insert into posts (author_id, created_at) select ${someUser(sql, n)}, ${at}::timestamptz + i * interval '9 hours' from generate_series(1, ${1 + (n % 5)}::int) i`,
  postWithoutAuthor: (sql, { at }) => sql`insert into posts (created_at) values (${at})`,
  postsOfEveryone: (sql, { at }) =>
    sql`insert into posts (author_id, created_at) select id, ${at} from users where deleted_at is null limit 20`,
  comment: (sql, { n, at }) =>
    sql`insert into comments (post_id, author_id, body, created_at) select id, ${someUser(sql, n)}, '', ${at} from posts where id % 3 = ${n % 3} limit 5`,
  session: (sql, { n, at }) =>
    sql`insert into sessions (user_id, created_at) select id, ${at} from users where id % 5 = ${n % 5} limit 10`,
  softDelete: (sql, { n }) => sql`update posts set deleted_at = now() where id % 4 = ${n % 4}`,
  restore: (sql, { n }) => sql`update posts set deleted_at = null where id % 3 = ${n % 3}`,
  softDeleteUser: (sql, { n }) => sql`update users set deleted_at = now() where id % 7 = ${n % 7}`,
  softDeleteComment: (sql, { n }) =>
    sql`update comments set deleted_at = now() where id % 2 = ${n % 2}`,
  move: (sql, { n, at }) => sql`update comments set created_at = ${at} where id % 5 = ${n % 5}`,
  handOver: (sql, { n }) =>
    sql`update comments set author_id = ${someUser(sql, n)} where id % 3 = ${n % 3}`,
  moveToPost: (sql, { n }) =>
    sql`update comments set post_id = (select min(id) from posts) where id % 6 = ${n % 6} and exists (select from posts)`,
  heartbeat: (sql) => sql`update sessions set last_seen_at = now()`,
  upsert: (sql, { n, at }) =>
    sql`insert into users (id, username, created_at) values (${n % 10}, 'upserted', ${at}) on conflict (id) do update set created_at = excluded.created_at, deleted_at = null`,
  deletePosts: (sql, { n }) => sql`delete from posts where id % 5 = ${n % 5}`,
  deleteUsers: (sql, { n }) => sql`delete from users where id % 6 = ${n % 6}`,
  deleteSessions: (sql, { n }) => sql`delete from sessions where id % 2 = ${n % 2}`,
  truncateSessions: (sql) => sql`truncate sessions`,
  truncateComments: (sql) => sql`truncate comments`,
  truncatePosts: (sql) => sql`truncate posts cascade`,
  truncateUsers: (sql) => sql`truncate users cascade`,
  fold: (sql) => sql`select rollup.fold()`,
} satisfies Record<
  string,
  (sql: postgres.ISql<{ instant: string }>, write: Write) => Promise<unknown>
>

const someUser = (sql: postgres.ISql<{ instant: string }>, n: number) =>
  sql`(select id from users order by id % ${1 + (n % 13)}, id limit 1)`

const everyWrite = Object.keys(writes).filter((name): name is keyof typeof writes => name in writes)
/** To a snapshot older than it, a truncated table looks empty already: no rollup can follow that. */
const truncates = everyWrite.filter((name) => name.startsWith('truncate'))
const quietWrites = everyWrite.filter((name) => !truncates.includes(name))

/** What several connections do at once, each transaction by transaction. */
const writersOf = (names: readonly Write['name'][]) =>
  fc.array(
    fc.array(
      fc.record({
        writes: fc.array(
          fc.record({
            name: fc.constantFrom(...names),
            n: fc.nat(1000),
            at: fc
              .record({ day: fc.nat(70), minute: fc.nat(1439) })
              .map(({ day, minute }) =>
                new Date(Date.UTC(2020, 0, 15 + day, 0, minute)).toISOString(),
              ),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        isolation: fc.constantFrom('read committed' as const, 'repeatable read' as const),
        end: fc.constantFrom(
          'commit' as const,
          'commit' as const,
          'commit' as const,
          'rollback' as const,
        ),
      }),
      { minLength: 3, maxLength: 20 },
    ),
    { minLength: 2, maxLength: 4 },
  )

/** What concurrent writers may run into; their transaction is then as if it had never been. */
const collisions = ['40001', '40P01', '0A000', '23503', '23505', 'rolled back']

const perform = (sql: TestSql, writers: readonly (readonly Transaction[])[]) =>
  Promise.all(writers.map((transactions) => inTurn(sql, transactions)))

async function inTurn(sql: TestSql, transactions: readonly Transaction[]): Promise<void> {
  for (const transaction of transactions) {
    try {
      await sql.begin(`isolation level ${transaction.isolation}`, async (tx) => {
        await tx`set local deadlock_timeout = '20ms'`
        for (const write of transaction.writes) await writes[write.name](tx, write)
        if (transaction.end === 'rollback')
          throw Object.assign(new Error(), { code: 'rolled back' })
      })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && collisions.includes(String(error.code))))
        throw error
    }
  }
}
