import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Database } from '../../../src/db/database.ts'
import { type Placeholders, statement } from '../../../src/db/statement.ts'
import { refuseStrays } from '../../support/failures.ts'
import { openTestPool } from '../../support/pool.ts'
import { usePool } from '../../support/pool-test.ts'
import { addUser, one, pid, terminate } from '../../support/statements.ts'

refuseStrays()
const test = usePool({ size: 2 })
const { database } = test

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const read = <T>(work: (db: Database) => Promise<T>, deadline = 5_000) =>
  test.pool.transaction({ access: 'read only', deadline }, work)
const write = <T>(work: (db: Database) => Promise<T>, deadline = 5_000) =>
  test.pool.transaction({ access: 'read write', deadline }, work)

describe('a statement', () => {
  it('is prepared once per connection and stays so over transactions', async () => {
    const prepared = statement(
      'prepared',
      { reads: [] },
      () => sql<{ statement: string; calls: number }>`
        select statement, generic_plans + custom_plans as calls from pg_prepared_statements`,
    )
    test.open({ size: 1 })
    for (const n of [1, 2, 3]) {
      await read(async (db) => {
        await db.run(one, { n })
        await db.run(pid)
        await db.run(prepared)
      })
    }
    await read(async (db) => {
      const rows = await db.run(prepared)
      const texts = rows.map((row) => row.statement)
      expect(texts).toHaveLength(3)
      expect(rows.find((row) => row.statement.includes('::int as n'))?.calls).toBe(3)
    })
  })

  it('takes arrays, nulls and booleans, and counts in numbers', async () => {
    const echo = statement(
      'echo',
      { reads: [] },
      (_, { a, b, c }: Placeholders<{ a: string[]; b: boolean | null; c: number }>) =>
        sql<{ a: string; b: boolean | null; c: number; d: string }>`
        select ${a}::text[]::text as a, ${b}::boolean as b, ${c}::bigint as c, 1.5::numeric as d`,
    )
    await read(async (db) => {
      expect(await db.run(echo, { a: ['x', 'a,"b\\'], b: true, c: 2 ** 53 - 1 })).toEqual([
        { a: '{x,"a,\\"b\\\\"}', b: true, c: 2 ** 53 - 1, d: '1.5' },
      ])
      expect(await db.run(echo, { a: [], b: null, c: -1 })).toEqual([
        { a: '{}', b: null, c: -1, d: '1.5' },
      ])
    })
  })
})

describe('a connection that is lost', () => {
  it('fails what runs on it, and the next caller gets another', async () => {
    await expect(read((db) => db.run(terminate))).rejects.toMatchObject({
      code: 'database_unavailable',
    })
    expect(await read((db) => db.run(one, { n: 1 }))).toEqual([{ n: 1 }])
    expect(test.events.filter(({ type }) => type === 'opened')).toHaveLength(2)
  })

  it('is not missed when it was idle', async () => {
    await read((db) => db.run(pid))
    expect(test.pool.stats().idle).toBe(1)
    test.proxy.cut()
    await expect.poll(() => test.pool.stats().idle).toBe(0)
    expect(await read((db) => db.run(one, { n: 1 }))).toEqual([{ n: 1 }])
  })

  it('is noticed between two statements, and nothing follows on another', async () => {
    const work = write(async (db) => {
      await db.run(addUser, { username: 'first half' })
      test.proxy.cut()
      await pause(20)
      await db.run(addUser, { username: 'second half' })
    })
    await expect(work).rejects.toMatchObject({ code: 'database_unavailable' })
    expect(await test.countUsersNamed('first half')).toBe(0)
    expect(await test.countUsersNamed('second half')).toBe(0)
  })

  it('takes with it what waits behind a statement in the driver', async () => {
    const work = write(async (db) => {
      await db.run(pid)
      const names = ['a', 'b', 'c', 'd']
      const all = names.map((name) => db.run(addUser, { username: `behind ${name}` }))
      test.proxy.cut()
      await Promise.all(all)
    })
    await expect(work).rejects.toMatchObject({ code: 'database_unavailable' })
    await read((db) => db.run(pid))
    const left = await database.sql`select from users where username like 'behind %'`
    expect(left).toHaveLength(0)
  })

  it('fails the commit on its way', async () => {
    const work = write(async (db) => {
      await db.run(addUser, { username: 'uncertain' })
      test.proxy.delay = 50
      setTimeout(() => test.proxy.cut(), 10)
    })
    await expect(work).rejects.toMatchObject({ code: 'database_unavailable' })
    test.proxy.delay = 0
    expect(await test.countUsersNamed('uncertain')).toBe(0)
  })

  it('never lets half a transaction through, wherever it breaks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.integer({ min: 1, max: 4 }), async (after, statements) => {
        const name = crypto.randomUUID()
        test.proxy.delay = 2
        const cut = setTimeout(() => test.proxy.cut(), after)
        const work = write(async (db) => {
          const all = Array.from({ length: statements }, () => db.run(addUser, { username: name }))
          await Promise.all(all)
        })
        const done = await work.then(
          () => true,
          () => false,
        )
        clearTimeout(cut)
        test.proxy.delay = 0
        const there = await test.countUsersNamed(name)
        // a commit may be done though its answer was lost: never a part of it
        expect(done ? [statements] : [0, statements]).toContain(there)
      }),
      { numRuns: 40 },
    )
  })

  it('is over when the server comes back: the next caller succeeds at once', async () => {
    await read((db) => db.run(pid))
    await test.proxy.refuse()
    await expect.poll(() => test.pool.stats().idle).toBe(0)
    for (let n = 0; n < 5; n += 1) {
      await expect(read((db) => db.run(pid))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
    await test.proxy.accept()
    expect(await read((db) => db.run(one, { n: 1 }))).toEqual([{ n: 1 }])
  })
})

describe('a connection that cannot be made', () => {
  it.each(['silent', 'close'] as const)(
    'fails at its timeout when the server is %s',
    async (manner) => {
      test.open({ size: 2, connectTimeout: 200 })
      test.proxy.manner = manner
      const all = await Promise.allSettled([read((db) => db.run(pid)), read((db) => db.run(pid))])
      expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      test.proxy.manner = 'pass'
      expect(await read((db) => db.run(one, { n: 1 }))).toEqual([{ n: 1 }])
    },
  )

  it('is 504 rather than 503 for who has less time than connecting', async () => {
    test.proxy.manner = 'silent'
    await expect(read((db) => db.run(pid), 100)).rejects.toMatchObject({ code: 'timeout' })
  })

  it('gives up one host of several for the next', async () => {
    const url = new URL(test.proxy.url)
    const [good] = url.host.split('@').slice(-1)
    const several = openTestPool(test.proxy.url.replace(`${good}`, `127.0.0.1:1,${good}`))
    const asked = several.transaction({ access: 'read only' }, (db) => db.run(one, { n: 1 }))
    expect(await asked).toEqual([{ n: 1 }])
    await several.close()
  })
})
