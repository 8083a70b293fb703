import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Database } from '../../../src/db/database.ts'
import { refuseStrays } from '../../support/failures.ts'
import { usePool } from '../../support/pool-test.ts'
import { one, pid, sleep } from '../../support/statements.ts'

refuseStrays()
const test = usePool({ size: 2 })
const { database } = test

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const read = <T>(work: (db: Database) => Promise<T>, deadline = 5_000) =>
  test.pool.transaction({ access: 'read only', deadline }, work)
const _write = <T>(work: (db: Database) => Promise<T>, deadline = 5_000) =>
  test.pool.transaction({ access: 'read write', deadline }, work)

describe('a cancel', () => {
  it('never reaches the next user of the connection', async () => {
    test.open({ size: 2, acquireTimeout: 10_000 })
    const outcomes = { answered: 0, late: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.nat(12)), { maxLength: 12 }),
        async (callers) => {
          const hurried = callers.map(([deadline, ms]) =>
            read((db) => db.run(sleep, { seconds: ms / 1000 }), deadline).then(
              () => (outcomes.answered += 1),
              (error) => {
                outcomes.late += 1
                expect(error).toMatchObject({ code: 'timeout' })
              },
            ),
          )
          // they have all the time: whatever fails them was meant for another
          const patient = callers.map(([, ms]) =>
            test.pool.transaction({ access: 'read only' }, async (db) => {
              await db.run(sleep, { seconds: ms / 4000 })
              return db.run(one, { n: ms })
            }),
          )
          await Promise.all(hurried)
          expect(await Promise.all(patient)).toEqual(callers.map(([, ms]) => [{ n: ms }]))
        },
      ),
      { numRuns: 40 },
    )
    expect(outcomes.late).toBeGreaterThan(0)
    expect(test.events).toContainEqual({ type: 'cancelled', statement: 'sleep', destroyed: false })
  })

  it('that cannot be delivered costs the connection, not the slot', async () => {
    await read((db) => db.run(pid))
    const asked = read(async (db) => {
      await db.run(pid)
      test.proxy.manner = 'close'
      return db.run(sleep, { seconds: 3 })
    }, 150)
    await expect(asked).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => test.pool.stats().inUse).toBe(0)
    test.proxy.manner = 'pass'
    expect(await read((db) => db.run(one, { n: 1 }))).toEqual([{ n: 1 }])
  })

  it('ends everything a caller asked at once', async () => {
    await read((db) => db.run(pid))
    const work = read(
      (db) => Promise.all([db.run(sleep, { seconds: 5 }), db.run(sleep, { seconds: 5 })]),
      100,
    )
    await expect(work).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => test.pool.stats().inUse).toBe(0)
    expect(test.pool.stats().idle).toBe(1)
  })

  it('stops what still runs when the work was given up', async () => {
    let backend = 0
    const work = read(async (db) => {
      for (const row of await db.run(pid)) backend = row.pid
      db.run(sleep, { seconds: 30 })
      await pause(50)
      throw new Error('no need any more')
    })
    await expect(work).rejects.toThrow('no need any more')
    await expect.poll(() => test.pool.stats().inUse).toBe(0)
    const [row] = await database.sql`select state from pg_stat_activity where pid = ${backend}`
    expect(row).toEqual({ state: 'idle' })
  })
})
