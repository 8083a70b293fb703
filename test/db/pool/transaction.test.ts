import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { statement } from '../../../src/db/statement.ts'
import { insertUser } from '../../support/factories.ts'
import { usePool } from '../../support/pool-test.ts'
import { addUser, countUsers, fails, one, pid, sleep } from '../../support/statements.ts'

const test = usePool()
const { database, request, read, countUsersNamed } = test

describe('a read', () => {
  it('sees one snapshot, whatever is committed in between', async () => {
    await read(async ({ db }) => {
      const [before] = await db.run(countUsers)
      await insertUser(database.sql)
      expect(await db.run(countUsers)).toEqual([before])
    })
  })

  it('refuses to write', async () => {
    const { db, rollback } = request('read only')
    await expect(db.run(addUser, { username: 'ada' })).rejects.toMatchObject({ code: '25006' })
    await rollback()
  })

  it('releases its connection before its commit is answered', async () => {
    const { db, commit } = request('read only')
    await db.run(pid)
    test.proxy.delay = 30
    const committed = commit()
    expect(test.pool.stats().inUse).toBe(0)
    await committed
  })

  it('does so when its work was given up, if all of it was answered', async () => {
    const { db, rollback } = request('read only')
    await db.run(pid)
    test.proxy.delay = 30
    const ended = rollback()
    expect(test.pool.stats().inUse).toBe(0)
    await ended
  })

  it('keeps its connection while a statement is in flight', async () => {
    const { db, commit } = request('read only')
    const asked = db.run(sleep, { seconds: 0.05 })
    const committed = commit()
    expect(test.pool.stats().inUse).toBe(1)
    await committed
    expect(test.pool.stats().inUse).toBe(0)
    expect(await asked).toHaveLength(1)
  })

  it('answers later statements with the first failure', async () => {
    const { db, rollback } = request('read only')
    const all = await Promise.allSettled([db.run(one, { n: 1 }), db.run(fails), db.run(pid)])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(all[2]).toMatchObject({ reason: { code: '22012' } })
    await expect(db.run(pid)).rejects.toMatchObject({ code: '22012' })
    await rollback()
  })

  it('runs nothing after its end', async () => {
    const { db, commit } = request('read only')
    await db.run(pid)
    await commit()
    await expect(db.run(pid)).rejects.toThrow('pid came after the end')
  })
})

describe('a write', () => {
  it('is there once its commit returned', async () => {
    const { db, commit } = request('read write')
    const [user] = await db.run(addUser, { username: 'grace' })
    await commit()
    const [row] = await database.sql`select username from users where id = ${user?.id ?? 0}`
    expect(row).toEqual({ username: 'grace' })
  })

  it('leaves nothing when it is rolled back', async () => {
    const { db, rollback } = request('read write')
    await db.run(addUser, { username: 'nobody' })
    await rollback()
    expect(await countUsersNamed('nobody')).toBe(0)
  })

  it('cannot be committed once it was rolled back', async () => {
    const { db, commit, rollback } = request('read write')
    await db.run(addUser, { username: 'gone' })
    await rollback()
    await expect(commit()).rejects.toThrow('rolled back')
    expect(await countUsersNamed('gone')).toBe(0)
  })

  it('fails when its commit does', async () => {
    await database.sql`
      create table promises (id int primary key, other int references promises deferrable initially deferred)`
    const promise = statement(
      'promise',
      { reads: [] },
      () => sql<never>`insert into promises values (1, 2)`,
    )
    const { db, commit } = request('read write')
    await db.run(promise)
    await expect(commit()).rejects.toMatchObject({ code: '23503' })
  })

  it('does not commit what failed, even if the failure was swallowed', async () => {
    const { db, commit } = request('read write')
    await db.run(addUser, { username: 'half' })
    await db.run(fails).catch(() => {})
    await expect(commit()).rejects.toMatchObject({ code: '22012' })
    expect(await countUsersNamed('half')).toBe(0)
  })

  it('does not override a database that is read only', async () => {
    const name = new URL(database.url).pathname.slice(1)
    await database.sql.unsafe(`alter database ${name} set default_transaction_read_only = on`)
    try {
      const { db, rollback } = request('read write')
      await expect(db.run(addUser, { username: 'ada' })).rejects.toMatchObject({ code: '25006' })
      await rollback()
    } finally {
      await database.sql.unsafe(`alter database ${name} reset default_transaction_read_only`)
    }
  })
})

describe('a transaction at its deadline', () => {
  it('cancels on the server, tells the caller and releases the connection', async () => {
    const [standing] = await read(({ db }) => db.run(pid))
    const { db, rollback } = request('read only', 150)
    await expect(db.run(sleep, { seconds: 300 })).rejects.toMatchObject({ code: 'timeout' })
    await rollback()
    expect(await test.isRunning(standing?.pid ?? 0)).toBe(false)
    expect(test.pool.stats()).toMatchObject({ inUse: 0, idle: 1 })
    expect(test.events).toContainEqual({ type: 'cancelled', statement: 'sleep', destroyed: false })
  })

  it('counts the wait for a connection', async () => {
    test.open({ size: 1 })
    const holder = request('read only')
    await holder.db.run(one, { n: 1 })
    await expect(request('read only', 50).db.run(one, { n: 2 })).rejects.toMatchObject({
      code: 'timeout',
    })
    await holder.commit()
  })

  it('is over for good', async () => {
    const { db, rollback } = request('read only', 30)
    await db.run(sleep, { seconds: 1 }).catch(() => {})
    await expect(db.run(one, { n: 1 })).rejects.toMatchObject({ code: 'timeout' })
    await rollback()
  })

  it('destroys the connection when the server does not answer any more', async () => {
    await read(({ db }) => db.run(one, { n: 1 }))
    const { db, rollback } = request('read only', 100)
    test.proxy.delay = 60_000
    await expect(db.run(one, { n: 1 })).rejects.toMatchObject({ code: 'timeout' })
    await rollback()
    test.proxy.delay = 0
    expect(test.pool.stats().inUse).toBe(0)
    await read(({ db }) => db.run(one, { n: 1 }))
  })

  it('does not hold a write beyond its limit while it commits', async () => {
    await read(({ db }) => db.run(one, { n: 1 }))
    const { db, commit } = request('read write', 500)
    await db.run(addUser, { username: 'late' })
    test.proxy.delay = 60_000
    await expect(commit()).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('a transaction whose client hangs up', () => {
  it('has its statement cancelled on the server', async () => {
    const { db, hangUp, rollback } = request('read only')
    const asked = db.run(sleep, { seconds: 30 })
    const backend = await test.sleeper()
    hangUp()
    await expect(asked).rejects.toMatchObject({ code: 'timeout' })
    await rollback()
    expect(await test.isRunning(backend)).toBe(false)
  })

  it('leaves the queue at once', async () => {
    test.open({ size: 1 })
    const holder = request('read only')
    await holder.db.run(one, { n: 1 })
    const waiting = request('read only')
    const asked = waiting.db.run(one, { n: 2 })
    expect(test.pool.stats().waiting).toBe(1)
    waiting.hangUp()
    expect(test.pool.stats().waiting).toBe(0)
    await expect(asked).rejects.toMatchObject({ code: 'timeout' })
    await holder.commit()
  })
})
