import { describe, expect, it } from 'vitest'
import { openConnection } from '../../../src/db/pool/connection.ts'
import { lazyTransaction } from '../../../src/db/pool/lazy-transaction.ts'
import { waitQueue } from '../../../src/db/pool/queue.ts'
import type { Statement } from '../../../src/db/statement.ts'
import { fromPostgres } from '../../../src/errors/postgres.ts'
import { insertUser } from '../../support/factories.ts'
import { refuseStrays } from '../../support/failures.ts'
import { usePool } from '../../support/pool-test.ts'
import { addUser, fails, one, pid, sleep, userById } from '../../support/statements.ts'

refuseStrays()
const test = usePool()
const { database, request, read } = test

const only = <Params, Row>(query: Statement<Params, Row>): Statement<Params, Row> => ({
  ...query,
  name: `only_${query.name}`,
  isOnly: true,
})

describe('run', () => {
  it('maps the rows of a builder and keeps microseconds', async () => {
    const user = await insertUser(database.sql, { created_at: '2020-05-31T01:40:47.307001Z' })
    const [row] = await read(({ db }) => db.run(userById, { id: user.id }))
    expect(row).toMatchObject({ id: user.id, createdAt: '2020-05-31T01:40:47.307001Z' })
  })

  it('adds up where the time went', async () => {
    const { db, commit, timing } = request('read only')
    await db.run(sleep, { seconds: 0.05 })
    await commit()
    expect(timing.db).toBeGreaterThan(49)
    expect(timing.pool).toBeGreaterThan(0)
  })

  it('reports a statement with its name, duration and rows, and its failure', async () => {
    await read(({ db }) => db.run(one, { n: 1 }))
    const { db, rollback } = request('read only')
    await expect(db.run(fails)).rejects.toMatchObject({ code: '22012' })
    await rollback()
    const reported = test.events.filter(({ type }) => type === 'statement')
    expect(reported).toEqual([
      { type: 'statement', name: 'one', duration: expect.any(Number), rows: 1 },
      {
        type: 'statement',
        name: 'fails',
        duration: expect.any(Number),
        rows: 0,
        error: expect.objectContaining({ code: '22012' }),
      },
    ])
  })
})

describe('a statement that says it is the only one of its read', () => {
  /** Everything is prepared, and nothing in flight. */
  const warm = async () => {
    test.open({ size: 1 })
    await read(({ db }) => db.run(only(one), { n: 0 }))
    await read(({ db }) => db.run(pid))
    test.proxy.roundTrips = 0
  }

  it('is sent with begin and commit in one packet', async () => {
    await warm()
    const { db, commit } = request('read only')
    expect(await db.run(only(one), { n: 1 })).toEqual([{ n: 1 }])
    await commit()
    expect(test.proxy.roundTrips).toBe(1)
    expect(test.pool.stats()).toMatchObject({ inUse: 0, idle: 1 })
  })

  it('releases its connection when it is answered', async () => {
    await warm()
    const { db, commit } = request('read only')
    await db.run(only(one), { n: 1 })
    expect(test.pool.stats().inUse).toBe(0)
    await commit()
  })

  it('ends its transaction by itself: another may follow before commit is called', async () => {
    await warm()
    const first = request('read only')
    await first.db.run(only(one), { n: 1 })
    expect(await read(({ db }) => db.run(one, { n: 2 }))).toEqual([{ n: 2 }])
    await first.commit()
    const rows = await database.sql`
      select from pg_stat_activity
      where datname = current_database() and application_name = 'shopboard-test' and state <> 'idle'`
    expect(rows).toHaveLength(0)
  })

  it('may be sent when no connection stands yet, or none is free', async () => {
    test.open({ size: 1 })
    const all = [1, 2, 3].map((n) => read(({ db }) => db.run(only(one), { n })))
    expect(await Promise.all(all)).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]])
  })

  it('refuses a statement that comes later, and says why', async () => {
    await warm()
    const { db, commit } = request('read only')
    const first = db.run(only(one), { n: 1 })
    const refused = 'pid came after only_one, which says it is the only statement'
    await expect(db.run(pid)).rejects.toThrow(refused)
    await first
    await expect(db.run(pid)).rejects.toThrow(refused)
    await commit()
  })

  it('runs like any other when it comes second, or in a write', async () => {
    await read(async ({ db }) => {
      await db.run(pid)
      expect(await db.run(only(one), { n: 1 })).toEqual([{ n: 1 }])
      expect(await db.run(one, { n: 2 })).toEqual([{ n: 2 }])
    })
    const { db, rollback } = request('read write')
    const [user] = await db.run(only(addUser), { username: 'only' })
    expect(await db.run(userById, { id: user?.id ?? 0 })).toHaveLength(1)
    await rollback()
    expect(await test.countUsersNamed('only')).toBe(0)
  })

  it.each(['commit', 'rollback'] as const)('may fail, and is ended by %s', async (end) => {
    await warm()
    const transaction = request('read only')
    await expect(transaction.db.run(only(fails))).rejects.toMatchObject({ code: '22012' })
    if (end === 'commit')
      await expect(transaction.commit()).rejects.toMatchObject({ code: '22012' })
    else await transaction.rollback()
    await expect.poll(() => test.pool.stats()).toMatchObject({ inUse: 0, idle: 1 })
    expect(test.events.filter(({ type }) => type === 'cancelled')).toEqual([])
    expect(await read(({ db }) => db.run(one, { n: 2 }))).toEqual([{ n: 2 }])
  })

  it('is cancelled at the deadline, and the next user of the connection is unaffected', async () => {
    await warm()
    const before = await read(({ db }) => db.run(pid))
    const { db, rollback } = request('read only', 150)
    const asked = db.run(only(sleep), { seconds: 30 })
    await expect(asked).rejects.toMatchObject({ code: 'timeout' })
    const next = read(({ db }) => Promise.all([db.run(sleep, { seconds: 0.05 }), db.run(pid)]))
    await rollback()
    expect(await next).toEqual([[expect.objectContaining({ ...before[0] })], before])
    expect(test.events).toContainEqual({
      type: 'cancelled',
      statement: 'only_sleep',
      destroyed: false,
    })
  })

  it('is cancelled when its handler gives up', async () => {
    await warm()
    const { db, rollback } = request('read only')
    const asked = db.run(only(sleep), { seconds: 30 })
    asked.catch(() => {})
    const backend = await test.sleeper()
    await rollback()
    expect(await test.isRunning(backend)).toBe(false)
    await expect(asked).rejects.toMatchObject({ code: '57014' })
    expect(test.pool.stats()).toMatchObject({ inUse: 0, idle: 1 })
  })

  it('is waited for by a commit that comes before its answer', async () => {
    await warm()
    const { db, commit } = request('read only')
    const asked = db.run(only(sleep), { seconds: 0.05 })
    const committed = commit()
    expect(test.pool.stats().inUse).toBe(1)
    await committed
    expect(await asked).toHaveLength(1)
    expect(test.pool.stats().inUse).toBe(0)
  })

  it('fails with its connection, and leaves nothing for the next', async () => {
    await warm()
    const { db, rollback } = request('read only')
    const asked = db.run(only(sleep), { seconds: 30 })
    await test.sleeper()
    test.proxy.cut()
    // the system may say that it was reset before the driver says that it is closed
    expect(await asked.catch(fromPostgres)).toMatchObject({ code: 'database_unavailable' })
    await rollback()
    expect(await read(({ db }) => db.run(one, { n: 2 }))).toEqual([{ n: 2 }])
  })
})

describe('a begin that meets the aborted transaction of another', () => {
  /** Two connections; on the one lent first a commit was cancelled. */
  async function afterCancelledCommit() {
    const on = () => {}
    const open = () =>
      openConnection(database.url, { connectTimeout: 2_000, pooler: 'none', parameters: {}, on })
    const [clean, aborted] = [open(), open()]
    await aborted.begin('begin')
    await aborted.command('select 1/0').then(undefined, () => {})
    const options = { acquireTimeout: 1_000, queueLimit: 10, leakAfter: 30_000, on }
    const queue = waitQueue([clean, aborted], options)
    const transaction = lazyTransaction(queue, on, {
      access: 'read write',
      begin: 'begin',
      deadline: performance.now() + 5_000,
      signal: undefined,
      timing: { pool: undefined, db: undefined },
    })
    const close = () => Promise.all([clean.close(), aborted.close()])
    return { transaction, queue, aborted, close }
  }

  it('runs on another connection, and the aborted one is given up', async () => {
    const { transaction, queue, aborted, close } = await afterCancelledCommit()
    expect(await transaction.run(one, { n: 1 })).toEqual([{ n: 1 }])
    await transaction.commit()
    await expect.poll(() => queue.stats().inUse).toBe(0)
    expect(aborted.isConnected).toBe(false)
    await close()
  })

  it('takes all that ran at once along, in one transaction', async () => {
    const { transaction, close } = await afterCancelledCommit()
    const [[first], [second], [user]] = await Promise.all([
      transaction.run(pid),
      transaction.run(pid),
      transaction.run(addUser, { username: 'moved' }),
    ])
    expect(first).toEqual(second)
    expect(user).toBeDefined()
    await transaction.commit()
    expect(await test.countUsersNamed('moved')).toBe(1)
    await close()
  })
})
