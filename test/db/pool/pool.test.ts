import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import type { Database } from '../../../src/db/database.ts'
import { statement } from '../../../src/db/statement.ts'
import { refuseStrays } from '../../support/failures.ts'
import { usePool } from '../../support/pool-test.ts'
import { addUser, one, pid, sleep, userById } from '../../support/statements.ts'

refuseStrays()
const test = usePool({ size: 2 })
const { request } = test

const settings = statement(
  'settings',
  { reads: [] },
  () => sql<{ name: string; setting: string }>`select name, setting from pg_settings`,
)
const read = <T>(work: (db: Database) => Promise<T>, deadline = 5_000) =>
  test.pool.transaction({ access: 'read only', deadline }, work)

describe('openPool', () => {
  it('opens nothing before it is needed, and no more than it may', async () => {
    expect(test.proxy.accepted).toBe(0)
    await Promise.all(Array.from({ length: 20 }, (_, n) => read((db) => db.run(one, { n }))))
    expect(test.proxy.accepted).toBe(2)
    expect(test.pool.stats()).toMatchObject({ size: 2, inUse: 0, idle: 2, acquired: 20 })
  })

  it('gives each caller his own answer, however they come', async () => {
    test.open({ size: 2, queueLimit: 200, acquireTimeout: 20_000 })
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => read((db) => db.run(one, { n }))),
    )
    expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n))
  })

  it('turns callers away when it is closed, after those inside are done', async () => {
    const inside = read((db) => db.run(sleep, { seconds: 0.1 }))
    const closing = test.pool.close()
    await expect(read((db) => db.run(pid))).rejects.toMatchObject({ code: 'database_unavailable' })
    await closing
    expect(await inside).toHaveLength(1)
    expect(test.events.filter(({ type }) => type === 'closed')).toHaveLength(1)
  })
})

describe('a session', () => {
  it('has the limits and the settings of the house', async () => {
    test.open({ statementTimeout: 1_234, lockTimeout: 567, idleInTransactionTimeout: 890 })
    const set = new Map(
      (await read((db) => db.run(settings))).map(({ name, setting }) => [name, setting]),
    )
    expect(set.get('statement_timeout')).toBe('1234')
    expect(set.get('lock_timeout')).toBe('567')
    expect(set.get('idle_in_transaction_session_timeout')).toBe('890')
    expect(set.get('application_name')).toBe('shopboard-test')
    expect(set.get('tcp_keepalives_idle')).toBe('10')
    expect(set.get('TimeZone')).toBe('UTC')
    expect(set.get('plan_cache_mode')).toBe('force_generic_plan')
    expect(set.get('transaction_read_only')).toBe('on')
    expect(set.get('transaction_isolation')).toBe('repeatable read')
  })

  it('fails a statement past its timeout with what PostgreSQL says (57014)', async () => {
    test.open({ statementTimeout: 100 })
    await expect(read((db) => db.run(sleep, { seconds: 5 }))).rejects.toMatchObject({
      code: '57014',
    })
  })
})

describe('Pool.transaction', () => {
  it('ends at its deadline', async () => {
    const work = test.pool.transaction({ access: 'read only', deadline: 100 }, (db) =>
      db.run(sleep, { seconds: 30 }),
    )
    await expect(work).rejects.toMatchObject({ code: 'timeout' })
  })

  it('may allow its statements more or less time than the connection does', async () => {
    test.open({ size: 1, statementTimeout: 100 })
    const ask = (statementTimeout?: number) =>
      test.pool.transaction(
        { access: 'read only', ...(statementTimeout !== undefined && { statementTimeout }) },
        (db) => db.run(sleep, { seconds: 0.2 }),
      )
    expect(await ask(60_000)).toHaveLength(1)
    await expect(ask()).rejects.toMatchObject({ code: '57014' })
    await expect(ask(50)).rejects.toMatchObject({ code: '57014' })
  })

  it('ends with its signal', async () => {
    const stop = new AbortController()
    const work = test.pool.transaction({ access: 'read only', signal: stop.signal }, (db) =>
      db.run(sleep, { seconds: 30 }),
    )
    const backend = await test.sleeper()
    stop.abort()
    await expect(work).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => test.isRunning(backend)).toBe(false)
  })

  it('rolls back what its work began when the work throws', async () => {
    const work = test.pool.transaction({ access: 'read write' }, async (db) => {
      await db.run(addUser, { username: 'thrown away' })
      throw new Error('changed my mind')
    })
    await expect(work).rejects.toThrow('changed my mind')
    expect(await test.countUsersNamed('thrown away')).toBe(0)
  })
})

describe("a request's transaction", () => {
  it('is written whole before it returns', async () => {
    const { db, commit } = request('read write')
    const [user] = await db.transaction((own) => own.run(addUser, { username: 'whole' }))
    expect(await test.countUsersNamed('whole')).toBe(1)
    expect(await db.run(userById, { id: user?.id ?? 0 })).toHaveLength(1)
    await commit()
  })

  it('must not follow another statement of the request', async () => {
    const { db, commit } = request('read write')
    await db.run(pid)
    await expect(db.transaction((own) => own.run(pid))).rejects.toThrow(
      'before any other statement',
    )
    await commit()
  })
})

describe('a connection held too long', () => {
  it('is reported with the statement that was run last', async () => {
    test.open({ leakAfter: 50 })
    await read((db) => db.run(sleep, { seconds: 0.2 }))
    expect(test.events).toContainEqual({
      type: 'leaked',
      held: expect.any(Number),
      statement: 'sleep',
    })
  })
})
