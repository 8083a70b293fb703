import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Database, DatabaseEvent, Pool } from '../../../src/db/database.ts'
import type { PoolOptions } from '../../../src/db/pool/pool.ts'
import { users } from '../../../src/db/schema.ts'
import { type Placeholders, statement } from '../../../src/db/statement.ts'
import { useDatabase } from '../../support/database.ts'
import { openTestPool } from '../../support/pool.ts'
import { startProxy, type TestProxy } from '../../support/proxy.ts'

const echo = statement(
  'echo',
  { reads: [] },
  (_, slots: Placeholders<{ n: number }>) => sql<{ n: number }>`select ${slots.n}::int as n`,
)
const pid = statement(
  'pid',
  { reads: [] },
  () => sql<{ pid: number }>`select pg_backend_pid() as pid`,
)
const sleep = statement(
  'sleep',
  { reads: [] },
  (_, slots: Placeholders<{ ms: number }>) =>
    sql<{ slept: string }>`select pg_sleep(${slots.ms}::float8 / 1000)::text as slept`,
)
const end = statement(
  'end',
  { reads: [] },
  () => sql<{ ended: boolean }>`select pg_terminate_backend(pg_backend_pid()) as ended`,
)
const addUser = statement(
  'add_user',
  { reads: [] },
  (db, slots: Placeholders<{ username: string }>) =>
    db.insert(users).values({ username: slots.username }).returning({ id: users.id }),
)

const database = useDatabase()
let proxy: TestProxy
let pool: Pool
let events: DatabaseEvent[]
const strays: unknown[] = []
const onStray = (reason: unknown) => strays.push(reason)

const open = (options: Partial<PoolOptions> = {}) =>
  openTestPool(proxy.url, { on: (event) => events.push(event), ...options })
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

const read = <T>(work: (db: Database) => Promise<T>, deadline = 5_000) =>
  pool.transaction({ access: 'read only', deadline }, work)
const write = <T>(work: (db: Database) => Promise<T>, deadline = 5_000) =>
  pool.transaction({ access: 'read write', deadline }, work)
const usersNamed = async (username: string) =>
  (await database.sql`select from users where username = ${username}`).length

beforeEach(async () => {
  events = []
  strays.length = 0
  process.on('unhandledRejection', onStray)
  proxy = await startProxy(database.url)
  pool = open({ size: 2 })
})
afterEach(async () => {
  await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, waiting: 0 })
  await pool.close()
  await proxy.close()
  process.off('unhandledRejection', onStray)
  expect(strays).toEqual([])
})

describe('openConnections', () => {
  it('opens nothing before it is needed, and no more than it may', async () => {
    expect(proxy.accepted).toBe(0)
    await Promise.all(Array.from({ length: 20 }, (_, n) => read((db) => db.run(echo, { n }))))
    expect(proxy.accepted).toBe(2)
    expect(pool.stats()).toMatchObject({ size: 2, inUse: 0, idle: 2, acquired: 20 })
  })

  it('gives each caller his own answer, however they come', async () => {
    pool = open({ size: 2, queueLimit: 200, acquireTimeout: 20_000 })
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => read((db) => db.run(echo, { n }))),
    )
    expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 200 }, (_, n) => n))
  })

  it('turns callers away when it is closed, after those inside are done', async () => {
    const inside = read((db) => db.run(sleep, { ms: 100 }))
    const closing = pool.close()
    await expect(read((db) => db.run(pid))).rejects.toMatchObject({ code: 'database_unavailable' })
    await closing
    expect(await inside).toHaveLength(1)
    expect(events.filter(({ type }) => type === 'closed')).toHaveLength(1)
  })
})

describe('a connection that is lost', () => {
  it('fails what runs on it, and the next caller gets another', async () => {
    await expect(read((db) => db.run(end))).rejects.toMatchObject({ code: 'database_unavailable' })
    expect(await read((db) => db.run(echo, { n: 1 }))).toEqual([{ n: 1 }])
    expect(events.filter(({ type }) => type === 'opened')).toHaveLength(2)
  })

  it('is not missed when it was idle', async () => {
    await read((db) => db.run(pid))
    expect(pool.stats().idle).toBe(1)
    proxy.cut()
    await expect.poll(() => pool.stats().idle).toBe(0)
    expect(await read((db) => db.run(echo, { n: 1 }))).toEqual([{ n: 1 }])
  })

  it('is noticed between two statements, and nothing follows on another', async () => {
    const work = write(async (db) => {
      await db.run(addUser, { username: 'first half' })
      proxy.cut()
      await pause(20)
      await db.run(addUser, { username: 'second half' })
    })
    await expect(work).rejects.toMatchObject({ code: 'database_unavailable' })
    expect(await usersNamed('first half')).toBe(0)
    expect(await usersNamed('second half')).toBe(0)
  })

  it('takes with it what waits behind a statement in the driver', async () => {
    const work = write(async (db) => {
      await db.run(pid)
      const names = ['a', 'b', 'c', 'd']
      const all = names.map((name) => db.run(addUser, { username: `behind ${name}` }))
      proxy.cut()
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
      proxy.delay = 50
      setTimeout(() => proxy.cut(), 10)
    })
    await expect(work).rejects.toMatchObject({ code: 'database_unavailable' })
    proxy.delay = 0
    expect(await usersNamed('uncertain')).toBe(0)
  })

  it('never lets half a transaction through, wherever it breaks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.integer({ min: 1, max: 4 }), async (after, statements) => {
        const name = crypto.randomUUID()
        proxy.delay = 2
        const cut = setTimeout(() => proxy.cut(), after)
        const work = write(async (db) => {
          const all = Array.from({ length: statements }, () => db.run(addUser, { username: name }))
          await Promise.all(all)
        })
        const done = await work.then(
          () => true,
          () => false,
        )
        clearTimeout(cut)
        proxy.delay = 0
        const there = await usersNamed(name)
        // a commit may be done though its answer was lost: never a part of it
        expect(done ? [statements] : [0, statements]).toContain(there)
      }),
      { numRuns: 40 },
    )
  })

  it('is over when the server comes back: the next caller succeeds at once', async () => {
    await read((db) => db.run(pid))
    await proxy.refuse()
    await expect.poll(() => pool.stats().idle).toBe(0)
    for (let n = 0; n < 5; n += 1) {
      await expect(read((db) => db.run(pid))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
    await proxy.accept()
    const start = performance.now()
    expect(await read((db) => db.run(echo, { n: 1 }))).toEqual([{ n: 1 }])
    expect(performance.now() - start).toBeLessThan(500)
  })
})

describe('a connection that cannot be made', () => {
  it.each(['silent', 'close'] as const)(
    'fails in bounded time when the server is %s',
    async (manner) => {
      pool = open({ size: 2, connectTimeout: 200 })
      proxy.manner = manner
      const start = performance.now()
      const all = await Promise.allSettled([read((db) => db.run(pid)), read((db) => db.run(pid))])
      expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      expect(performance.now() - start).toBeLessThan(1_500)
      proxy.manner = 'pass'
      expect(await read((db) => db.run(echo, { n: 1 }))).toEqual([{ n: 1 }])
    },
  )

  it('is 504 rather than 503 for who has less time than connecting', async () => {
    proxy.manner = 'silent'
    await expect(read((db) => db.run(pid), 100)).rejects.toMatchObject({ code: 'timeout' })
  })

  it('gives up one host of several for the next', async () => {
    const url = new URL(proxy.url)
    const [good] = url.host.split('@').slice(-1)
    pool = openTestPool(proxy.url.replace(`${good}`, `127.0.0.1:1,${good}`))
    expect(await read((db) => db.run(echo, { n: 1 }))).toEqual([{ n: 1 }])
  })
})

describe('a cancel', () => {
  it('never reaches the next user of the connection', async () => {
    pool = open({ size: 2, acquireTimeout: 10_000 })
    const outcomes = { answered: 0, late: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.nat(12)), { maxLength: 12 }),
        async (callers) => {
          const hurried = callers.map(([deadline, ms]) =>
            read((db) => db.run(sleep, { ms }), deadline).then(
              () => (outcomes.answered += 1),
              (error) => {
                outcomes.late += 1
                expect(error).toMatchObject({ code: 'timeout' })
              },
            ),
          )
          // they have all the time: whatever fails them was meant for another
          const patient = callers.map(([, ms]) =>
            pool.transaction({ access: 'read only' }, async (db) => {
              await db.run(sleep, { ms: ms / 4 })
              return db.run(echo, { n: ms })
            }),
          )
          await Promise.all(hurried)
          expect(await Promise.all(patient)).toEqual(callers.map(([, ms]) => [{ n: ms }]))
        },
      ),
      { numRuns: 40 },
    )
    expect(outcomes.late).toBeGreaterThan(0)
    expect(events).toContainEqual({ type: 'cancelled', statement: 'sleep', destroyed: false })
  })

  it('that cannot be delivered costs the connection, not the slot', async () => {
    await read((db) => db.run(pid))
    const asked = read(async (db) => {
      await db.run(pid)
      proxy.manner = 'close'
      return db.run(sleep, { ms: 3_000 })
    }, 150)
    await expect(asked).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => pool.stats().inUse, { timeout: 3_000 }).toBe(0)
    proxy.manner = 'pass'
    expect(await read((db) => db.run(echo, { n: 1 }))).toEqual([{ n: 1 }])
  })

  it('ends everything a caller asked at once', async () => {
    const work = read(
      (db) => Promise.all([db.run(sleep, { ms: 5_000 }), db.run(sleep, { ms: 5_000 })]),
      100,
    )
    await expect(work).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => pool.stats().inUse).toBe(0)
    expect(pool.stats().idle).toBe(1)
  })

  it('stops what still runs when the work was given up', async () => {
    let backend = 0
    const work = read(async (db) => {
      for (const row of await db.run(pid)) backend = row.pid
      db.run(sleep, { ms: 30_000 })
      await pause(50)
      throw new Error('no need any more')
    })
    await expect(work).rejects.toThrow('no need any more')
    await expect.poll(() => pool.stats().inUse).toBe(0)
    const [row] = await database.sql`select state from pg_stat_activity where pid = ${backend}`
    expect(row).toEqual({ state: 'idle' })
  })
})

describe('a statement_timeout', () => {
  it('fails with what PostgreSQL says (57014)', async () => {
    pool = open({ statementTimeout: 100 })
    await expect(read((db) => db.run(sleep, { ms: 5_000 }))).rejects.toMatchObject({
      code: '57014',
    })
  })
})

describe('a leak', () => {
  it('is told with the statement that was run last', async () => {
    pool = open({ leakAfter: 50 })
    await read((db) => db.run(sleep, { ms: 200 }))
    expect(events).toContainEqual({
      type: 'leaked',
      held: expect.any(Number),
      statement: 'sleep',
    })
  })
})
