import { describe, expect, it } from 'vitest'
import { usePool } from '../../support/pool-test.ts'
import { one, pid } from '../../support/statements.ts'

const test = usePool()
const { request, read } = test

describe('a transaction that opens', () => {
  it('takes no connection without a statement', async () => {
    await request('read only').commit()
    expect(test.proxy.accepted).toBe(0)
    expect(test.pool.stats().acquired).toBe(0)
  })

  it('sends begin and its first statement in one packet', async () => {
    await read(({ db }) => db.run(one, { n: 1 }))
    test.proxy.roundTrips = 0
    const transaction = request('read only')
    expect(await transaction.db.run(one, { n: 2 })).toEqual([{ n: 2 }])
    expect(test.proxy.roundTrips).toBe(1)
    await transaction.commit()
    expect(test.proxy.roundTrips).toBe(2)
  })

  it('shares one connection between statements that run at once', async () => {
    await read(async ({ db }) => {
      const pids = await Promise.all([db.run(pid), db.run(pid), db.run(one, { n: 1 }), db.run(pid)])
      expect(new Set([pids[0][0]?.pid, pids[1][0]?.pid, pids[3][0]?.pid]).size).toBe(1)
    })
    expect(test.pool.stats().acquired).toBe(1)
  })

  it('shares one wait for a connection between them, too', async () => {
    test.open({ size: 1 })
    const holder = request('read only')
    await holder.db.run(pid)
    const waiting = request('read only')
    const all = Promise.all([waiting.db.run(one, { n: 1 }), waiting.db.run(one, { n: 2 })])
    expect(test.pool.stats().waiting).toBe(1)
    await holder.commit()
    expect(await all).toEqual([[{ n: 1 }], [{ n: 2 }]])
    await waiting.commit()
  })

  it('releases a connection that comes when it is over', async () => {
    test.open({ size: 1 })
    const holder = request('read only')
    await holder.db.run(pid)
    const left = request('read write')
    const asked = left.db.run(pid)
    await left.commit()
    await holder.commit()
    await expect(asked).rejects.toThrow('ended while it waited')
    expect(test.pool.stats().inUse).toBe(0)
  })

  it('takes no connection past its deadline', async () => {
    const { db, rollback } = request('read only', 0)
    await expect(db.run(pid)).rejects.toMatchObject({ code: 'timeout' })
    await rollback()
    expect(test.pool.stats().acquired).toBe(0)
  })

  it('fails for good when no connection comes in time', async () => {
    test.open({ size: 1, acquireTimeout: 20 })
    const holder = request('read only')
    await holder.db.run(pid)
    const { db, rollback } = request('read only')
    await expect(db.run(pid)).rejects.toMatchObject({ code: 'pool_exhausted' })
    await holder.commit()
    await expect(db.run(pid)).rejects.toMatchObject({ code: 'pool_exhausted' })
    await rollback()
  })

  it('tells whose begin fails, and does not use the connection again', async () => {
    await read(({ db }) => db.run(one, { n: 1 }))
    const wrong = { access: 'read write', statementTimeout: Number.NaN } as const
    const work = test.pool.transaction(wrong, (db) => db.run(one, { n: 1 }))
    await expect(work).rejects.toMatchObject({ code: '22023' })
    await expect.poll(() => test.pool.stats()).toMatchObject({ inUse: 0, idle: 0 })
  })
})
