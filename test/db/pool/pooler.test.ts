import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import type { PoolOptions } from '../../../src/db/pool/pool.ts'
import { statement } from '../../../src/db/statement.ts'
import { refuseStrays } from '../../support/failures.ts'
import { type PgBouncer, startPgBouncer, withoutPgBouncer } from '../../support/pgbouncer.ts'
import { openTestPool } from '../../support/pool.ts'
import { usePool } from '../../support/pool-test.ts'
import { strangeSettings } from '../../support/strange-settings.ts'

type Setting = { name: string; setting: string }
const settings = statement<Record<never, never>, Setting>(
  'test_settings',
  { reads: [], isOnly: true },
  () => sql<Setting>`select name, setting from pg_settings where name in (
    'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'search_path', 'DateStyle', 'TimeZone',
    'plan_cache_mode', 'enable_seqscan', 'jit', 'transaction_isolation', 'transaction_read_only', 'application_name') order by name`,
)
const echo = statement<{ n: number }, { n: number; statements: number }>(
  'test_echo',
  { reads: [], isOnly: true },
  (_, { n }) =>
    sql`select ${n}::int as n, (select count(*)::int from pg_prepared_statements) as statements`,
)
const sleep = statement<{ seconds: number }, unknown>(
  'test_sleep',
  { reads: [] },
  (_, { seconds }) => sql`select pg_sleep(${seconds}::float8)`,
)

const limits = {
  statementTimeout: 7_000,
  lockTimeout: 3_000,
  idleInTransactionTimeout: 9_000,
} satisfies Partial<PoolOptions>
const asked = {
  statement_timeout: '7000',
  lock_timeout: '3000',
  idle_in_transaction_session_timeout: '9000',
  search_path: 'public',
  TimeZone: 'UTC',
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  jit: 'off',
  application_name: 'shopboard-test',
  transaction_read_only: 'on',
  transaction_isolation: 'repeatable read',
}

const settingsIn = async (pool: Pool) => {
  const rows = await pool.transaction({ access: 'read only' }, (db) => db.run(settings))
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
}

describe('a pool behind a transaction pooler', () => {
  refuseStrays()
  const test = usePool({ pooler: 'transaction', ...limits })

  it('waits once for a read, with values or none, however often it runs', async () => {
    await test.read(({ db }) => db.run(echo, { n: 0 }))
    test.proxy.roundTrips = 0
    for (const n of [1, 2, 3]) {
      expect(await test.read(({ db }) => db.run(echo, { n }))).toEqual([{ n, statements: 0 }])
      await test.read(({ db }) => db.run(settings))
    }
    expect(test.proxy.roundTrips).toBe(6)
  })

  it('waits once for a read from its first time on, where the pooler keeps statements prepared', async () => {
    const pool = test.open({ size: 1, isPreparing: true })
    const read = (n: number) =>
      pool.transaction({ access: 'read only' }, (db) => db.run(echo, { n }))
    await settingsIn(pool)
    test.proxy.roundTrips = 0
    for (const n of [1, 2, 3]) expect(await read(n)).toEqual([{ n, statements: 2 }])
    expect(test.proxy.roundTrips).toBe(3)
  })

  it('has the settings of any pool, for its transactions alone', async () => {
    const pool = test.open({ size: 1 })
    expect(await settingsIn(pool)).toMatchObject(asked)
    expect(await settingsIn(test.open({ size: 1, pooler: 'none' }))).toMatchObject(asked)
  })

  it('says what its begin fails with, and leaves nothing behind, however fresh the connection', async () => {
    const pool = test.open({ size: 1, lockTimeout: -7 })
    for (const n of [1, 2])
      await expect(
        pool.transaction({ access: 'read only' }, (db) => db.run(echo, { n })),
      ).rejects.toMatchObject({ code: '22023' })
  })

  it('has a statement’s own limit where a transaction gives one', async () => {
    const rows = await test.pool.transaction(
      { access: 'read write', statementTimeout: 60_000.5 },
      (db) => db.run(settings),
    )
    expect(rows).toContainEqual({ name: 'statement_timeout', setting: '60001' })
  })
})

describe.each(['none', 'transaction'] as const)('a pool with the pooler %s', (pooler) => {
  const test = usePool({ pooler, ...limits })

  it('works where a role or a database has strange settings', async () => {
    const { sql } = test.database
    for (const setting of strangeSettings)
      await sql.unsafe(
        `alter database ${new URL(test.database.url).pathname.slice(1)} set ${setting}`,
      )
    expect(await settingsIn(test.open({}))).toMatchObject(asked)
    expect(await settingsIn(test.open({ statementTimeout: 0, lockTimeout: 0 }))).toMatchObject({
      statement_timeout: '0',
      lock_timeout: '0',
    })
  })
})

describe.skipIf(withoutPgBouncer)('a pool through PgBouncer in transaction mode', () => {
  refuseStrays()
  const test = usePool()
  let pooler: PgBouncer
  let pool: Pool
  beforeAll(async () => {
    pooler = await startPgBouncer(test.database.url, { poolSize: 2 })
    pool = openTestPool(pooler.url, { size: 10, pooler: 'transaction', ...limits })
  })
  afterAll(async () => {
    await pool.close()
    await pooler.stop()
  })
  const read = (n: number) => pool.transaction({ access: 'read only' }, (db) => db.run(echo, { n }))

  it('has its settings on whatever connection, and leaves none there', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, () => settingsIn(pool)))
    for (const one of all) expect(one).toMatchObject(asked)
    const bare = await test.database.sql`select count(*)::int as n from pg_stat_activity
      where datname = current_database() and application_name = 'shopboard-test'`
    expect(bare[0]?.n).toBeLessThanOrEqual(2)
  })

  it('gives every caller its own rows, many at once', async () => {
    const numbers = Array.from({ length: 1_000 }, (_, n) => n)
    const answers: number[] = []
    for (let from = 0; from < numbers.length; from += 50) {
      const rows = await Promise.all(numbers.slice(from, from + 50).map(read))
      answers.push(...rows.map(([row]) => row?.n ?? -1))
    }
    expect(answers).toEqual(numbers)
  })

  it('has a statement end at its limit on the server', async () => {
    const slow = pool.transaction({ access: 'read only', statementTimeout: 50 }, (db) =>
      db.run(sleep, { seconds: 30 }),
    )
    await expect(slow).rejects.toMatchObject({ code: '57014' })
  })

  it('cancels what is late on the server, and nothing else', async () => {
    const late = Array.from({ length: 20 }, () =>
      pool
        .transaction({ access: 'read only', deadline: 60 }, (db) => db.run(sleep, { seconds: 30 }))
        .catch((error) => error.code),
    )
    const others: number[] = []
    const answers: number[] = []
    for (let n = 0; n < 60; n++) {
      others.push(n)
      const [row] = await read(n)
      answers.push(row?.n ?? -1)
    }
    expect(new Set(await Promise.all(late))).toEqual(new Set(['timeout']))
    expect(answers).toEqual(others)
    await expect
      .poll(
        () => test.database.sql`select from pg_stat_activity
          where datname = current_database() and state = 'active' and query like '%pg_sleep%' and pid <> pg_backend_pid()`,
      )
      .toEqual([])
  })

  it('fails cleanly while the pooler restarts, and works again after', async () => {
    const failures: string[] = []
    let isOver = false
    const callers = Array.from({ length: 8 }, async (_, n) => {
      while (!isOver) {
        const rows = await read(n).catch((error) => {
          failures.push(String(error.code))
          return []
        })
        for (const row of rows) expect(row.n).toBe(n)
        if (rows.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })
    await pooler.restart()
    await expect.poll(() => read(1)).toEqual([{ n: 1, statements: 0 }])
    isOver = true
    await Promise.all(callers)
    expect(failures.length).toBeGreaterThan(0)
    await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, waiting: 0 })
  })
})
