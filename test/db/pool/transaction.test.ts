import { eq, sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DatabaseEvent, Pool, RequestTransaction } from '../../../src/db/database.ts'
import type { PoolOptions } from '../../../src/db/pool/pool.ts'
import { posts, users } from '../../../src/db/schema.ts'
import { type Placeholders, statement } from '../../../src/db/statement.ts'
import { useDatabase } from '../../support/database.ts'
import { insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'
import { startProxy, type TestProxy } from '../../support/proxy.ts'

const one = statement(
  'one',
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
  (_, slots: Placeholders<{ seconds: number }>) =>
    sql<{ pid: number }>`select pg_backend_pid() as pid, pg_sleep(${slots.seconds}::float8)::text`,
)
const userById = statement('user_by_id', { reads: [] }, (db, slots: Placeholders<{ id: number }>) =>
  db.select().from(users).where(eq(users.id, slots.id)),
)
const addUser = statement(
  'add_user',
  { reads: [] },
  (db, slots: Placeholders<{ username: string }>) =>
    db.insert(users).values({ username: slots.username }).returning({ id: users.id }),
)
const countUsers = statement(
  'count_users',
  { reads: [] },
  () => sql<{ n: number }>`select count(*) as n from users`,
)
const fails = statement('fails', { reads: [] }, () => sql<{ n: number }>`select 1/0 as n`)
const settings = statement(
  'settings',
  { reads: [] },
  () => sql<{ name: string; setting: string }>`select name, setting from pg_settings`,
)

const database = useDatabase()
let proxy: TestProxy
let pool: Pool
let events: DatabaseEvent[]

const open = (options: Partial<PoolOptions> = {}) =>
  openTestPool(proxy.url, { on: (event) => events.push(event), ...options })

beforeEach(async () => {
  events = []
  proxy = await startProxy(database.url)
  pool = open()
})
afterEach(async () => {
  await expect.poll(() => pool.stats().inUse).toBe(0)
  await pool.close()
  await proxy.close()
})

/** A request as the middleware makes it. */
function request(access: 'read only' | 'read write', deadline = 5_000) {
  const client = new AbortController()
  const timing = { pool: undefined, db: undefined }
  const transaction = pool.request({ access, deadline, signal: () => client.signal, timing })
  return { ...transaction, hangUp: () => client.abort(), timing }
}

const isRunning = async (backend: number) => {
  const [row] = await database.sql`
    select 1 from pg_stat_activity where pid = ${backend} and state = 'active'`
  return row !== undefined
}

/** The server process of a statement that sleeps. */
async function sleeper(): Promise<number> {
  return vi.waitFor(async () => {
    const [row] = await database.sql<{ pid: number }[]>`
      select pid from pg_stat_activity
      where application_name = 'shopboard-test' and datname = current_database()
        and state = 'active' and query like '%pg_sleep%'`
    if (!row) throw new Error('Nobody sleeps')
    return row.pid
  })
}

const read = async (work: (transaction: RequestTransaction) => Promise<void>) => {
  const transaction = request('read only')
  await work(transaction)
  await transaction.commit()
}

describe('a read', () => {
  it('takes no connection without a statement', async () => {
    const transaction = request('read only')
    await transaction.commit()
    expect(proxy.accepted).toBe(0)
    expect(pool.stats().acquired).toBe(0)
  })

  it('sends begin and its first statement in one packet', async () => {
    await read(async ({ db }) => void (await db.run(one, { n: 1 })))
    proxy.roundTrips = 0
    const transaction = request('read only')
    expect(await transaction.db.run(one, { n: 2 })).toEqual([{ n: 2 }])
    expect(proxy.roundTrips).toBe(1)
    await transaction.commit()
    expect(proxy.roundTrips).toBe(2)
  })

  it('sees one snapshot, whatever is committed in between', async () => {
    await read(async ({ db }) => {
      const [before] = await db.run(countUsers)
      await insertUser(database.sql)
      expect(await db.run(countUsers)).toEqual([before])
    })
  })

  it('shares one transaction between statements that run at once', async () => {
    await read(async ({ db }) => {
      const pids = await Promise.all([db.run(pid), db.run(pid), db.run(one, { n: 1 }), db.run(pid)])
      expect(new Set([pids[0][0]?.pid, pids[1][0]?.pid, pids[3][0]?.pid]).size).toBe(1)
    })
    expect(pool.stats().acquired).toBe(1)
  })

  it('refuses to write', async () => {
    const { db, rollback } = request('read only')
    await expect(db.run(addUser, { username: 'ada' })).rejects.toMatchObject({ code: '25006' })
    await rollback()
  })

  it('answers later statements with the first failure', async () => {
    const { db, rollback } = request('read only')
    const all = await Promise.allSettled([db.run(one, { n: 1 }), db.run(fails), db.run(pid)])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(all[2]).toMatchObject({ reason: { code: '22012' } })
    await expect(db.run(pid)).rejects.toMatchObject({ code: '22012' })
    await rollback()
  })

  it('maps the rows of a builder and keeps microseconds', async () => {
    const user = await insertUser(database.sql, { created_at: '2020-05-31T01:40:47.307001Z' })
    await read(async ({ db }) => {
      const [row] = await db.run(userById, { id: user.id })
      expect(row).toMatchObject({ id: user.id, createdAt: '2020-05-31 01:40:47.307001+00' })
    })
  })

  it('says where its time went', async () => {
    const { db, commit, timing } = request('read only')
    await db.run(sleep, { seconds: 0.05 })
    await commit()
    expect(timing.db).toBeGreaterThan(49)
    expect(timing.pool).toBeLessThan(50)
  })
})

describe('a statement', () => {
  it('is prepared once per connection and stays so over transactions', async () => {
    const prepared = statement(
      'prepared',
      { reads: [] },
      () => sql<{ statement: string; calls: number }>`
        select statement, generic_plans + custom_plans as calls from pg_prepared_statements`,
    )
    pool = open({ size: 1 })
    for (const n of [1, 2, 3]) {
      await read(async ({ db }) => {
        await db.run(one, { n })
        await db.run(pid)
        await db.run(prepared)
      })
    }
    await read(async ({ db }) => {
      const rows = await db.run(prepared)
      const texts = rows.map((row) => row.statement)
      expect(texts).toHaveLength(3)
      expect(rows.find((row) => row.statement.includes('::int as n'))?.calls).toBe(3)
    })
  })

  it('runs on a session with the limits and the settings of the house', async () => {
    pool = open({ statementTimeout: 1_234, lockTimeout: 567, idleInTransactionTimeout: 890 })
    await read(async ({ db }) => {
      const set = new Map((await db.run(settings)).map(({ name, setting }) => [name, setting]))
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
  })

  it('takes arrays, nulls and booleans, and counts in numbers', async () => {
    const echo = statement(
      'echo',
      { reads: [] },
      (_, slots: Placeholders<{ a: string[]; b: boolean | null; c: number }>) =>
        sql<{ a: string; b: boolean | null; c: number; d: string }>`
        select ${slots.a}::text[]::text as a, ${slots.b}::boolean as b, ${slots.c}::bigint as c,
          1.5::numeric as d`,
    )
    await read(async ({ db }) => {
      expect(await db.run(echo, { a: ['x', 'a,"b\\'], b: true, c: 2 ** 53 - 1 })).toEqual([
        { a: '{x,"a,\\"b\\\\"}', b: true, c: 2 ** 53 - 1, d: '1.5' },
      ])
      expect(await db.run(echo, { a: [], b: null, c: -1 })).toEqual([
        { a: '{}', b: null, c: -1, d: '1.5' },
      ])
    })
  })

  it('is reported with its name and duration', async () => {
    await read(async ({ db }) => void (await db.run(one, { n: 1 })))
    expect(events).toContainEqual({
      type: 'statement',
      name: 'one',
      duration: expect.any(Number),
      rows: 1,
    })
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
    const [user] = await db.run(addUser, { username: 'nobody' })
    await rollback()
    expect(await database.sql`select from users where id = ${user?.id ?? 0}`).toHaveLength(0)
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
    const [user] = await db.run(addUser, { username: 'half' })
    await db.run(fails).catch(() => {})
    await expect(commit()).rejects.toMatchObject({ code: '22012' })
    expect(await database.sql`select from users where id = ${user?.id ?? 0}`).toHaveLength(0)
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

describe('a deadline', () => {
  it('cancels on the server, tells the caller and frees the slot', async () => {
    const { db, rollback } = request('read only', 150)
    const start = performance.now()
    const asked = db.run(sleep, { seconds: 30 })
    const backend = await sleeper()
    await expect(asked).rejects.toMatchObject({ code: 'timeout' })
    expect(performance.now() - start).toBeLessThan(400)
    await rollback()
    expect(await isRunning(backend)).toBe(false)
    expect(pool.stats()).toMatchObject({ inUse: 0, idle: 1 })
    expect(events).toContainEqual({ type: 'cancelled', statement: 'sleep', destroyed: false })
  })

  it('counts the wait for a connection', async () => {
    pool = open({ size: 1 })
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

  it('gives the connection up when the server does not answer any more', async () => {
    await read(async ({ db }) => void (await db.run(one, { n: 1 })))
    const { db, rollback } = request('read only', 100)
    proxy.delay = 60_000
    await expect(db.run(one, { n: 1 })).rejects.toMatchObject({ code: 'timeout' })
    await rollback()
    proxy.delay = 0
    expect(pool.stats().inUse).toBe(0)
    await read(async ({ db }) => void (await db.run(one, { n: 1 })))
  })

  it('does not hold a write beyond its limit while it commits', async () => {
    const { db, commit } = request('read write', 200)
    await db.run(addUser, { username: 'late' })
    proxy.delay = 60_000
    await expect(commit()).rejects.toMatchObject({ code: 'timeout' })
  })
})

describe('a client that hangs up', () => {
  it('has its statement cancelled on the server', async () => {
    const { db, hangUp, rollback } = request('read only')
    const asked = db.run(sleep, { seconds: 30 })
    const backend = await sleeper()
    hangUp()
    await expect(asked).rejects.toMatchObject({ code: 'timeout' })
    await rollback()
    expect(await isRunning(backend)).toBe(false)
  })

  it('leaves the queue at once', async () => {
    pool = open({ size: 1 })
    const holder = request('read only')
    await holder.db.run(one, { n: 1 })
    const waiting = request('read only')
    const asked = waiting.db.run(one, { n: 2 })
    expect(pool.stats().waiting).toBe(1)
    waiting.hangUp()
    expect(pool.stats().waiting).toBe(0)
    await expect(asked).rejects.toMatchObject({ code: 'timeout' })
    await holder.commit()
  })
})

describe('concurrent changes', () => {
  const setTitle = statement(
    'set_title',
    { reads: [] },
    (db, slots: Placeholders<{ id: number; title: string }>) =>
      db
        .update(posts)
        .set({ title: sql`${posts.title} || ${slots.title}::text` })
        .where(eq(posts.id, slots.id)),
  )
  const newPost = async () => {
    const [row] = await database.sql<{ id: string }[]>`
      insert into posts (title) values ('') returning id`
    return Number(row?.id)
  }
  const titleOf = async (id: number) =>
    (await database.sql<{ title: string }[]>`select title from posts where id = ${id}`)[0]?.title

  it('are retried when they could not be serialized (40001)', async () => {
    const id = await newPost()
    const change = (title: string) =>
      pool.transaction({ access: 'read write', isolation: 'repeatable read' }, async (db) => {
        await db.run(one, { n: 1 })
        await bothHere()
        await db.run(setTitle, { id, title })
      })
    const bothHere = barrier(2)
    await Promise.all([change('a'), change('b')])
    expect((await titleOf(id))?.split('').sort().join('')).toBe('ab')
    expect(events.filter(({ type }) => type === 'retried')).toEqual([
      { type: 'retried', attempt: 1, error: expect.objectContaining({ code: '40001' }) },
    ])
  })

  it('are retried after a deadlock (40P01), through a request as well', async () => {
    const [first, second] = [await newPost(), await newPost()]
    const bothHere = barrier(2)
    const change = (ids: number[], title: string) => {
      const { db, commit } = request('read write')
      return db
        .transaction(async (tx) => {
          for (const id of ids) {
            await tx.run(setTitle, { id, title })
            await bothHere()
          }
        })
        .then(commit)
    }
    await Promise.all([change([first, second], 'a'), change([second, first], 'b')])
    expect((await titleOf(first))?.split('').sort().join('')).toBe('ab')
    expect((await titleOf(second))?.split('').sort().join('')).toBe('ab')
    expect(events).toContainEqual(expect.objectContaining({ type: 'retried', attempt: 1 }))
  })

  it('are given up after three tries', async () => {
    const serialization = statement(
      'serialization',
      { reads: [] },
      (_, slots: Placeholders<{ text: string }>) => sql<never>`select raise_40001(${slots.text})`,
    )
    await database.sql.unsafe(`create or replace function raise_40001(text) returns void
      language plpgsql as $$ begin raise sqlstate '40001'; end $$`)
    let tries = 0
    const work = pool.transaction({ access: 'read write' }, async (db) => {
      tries += 1
      await db.run(serialization, { text: '' })
    })
    await expect(work).rejects.toMatchObject({ code: '40001' })
    expect(tries).toBe(3)
  })

  it('are not retried in a read', async () => {
    let tries = 0
    const work = pool.transaction({ access: 'read only' }, async () => {
      tries += 1
      throw Object.assign(new Error('collided'), { code: '40001' })
    })
    await expect(work).rejects.toThrow('collided')
    expect(tries).toBe(1)
  })

  it('are written whole before atomically returns', async () => {
    const { db, commit } = request('read write')
    const [user] = await db.transaction((tx) => tx.run(addUser, { username: 'whole' }))
    expect(await database.sql`select from users where id = ${user?.id ?? 0}`).toHaveLength(1)
    expect(await db.run(userById, { id: user?.id ?? 0 })).toHaveLength(1)
    await commit()
  })

  it('must not follow another statement of the request', async () => {
    const { db, commit } = request('read write')
    await db.run(pid)
    await expect(db.transaction((tx) => tx.run(pid))).rejects.toThrow('before any other statement')
    await commit()
  })
})

/** Resolves for everyone once so many have come, and at once ever after. */
function barrier(size: number): () => Promise<void> {
  let here = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  return () => {
    here += 1
    if (here >= size) resolve()
    return promise
  }
}

describe('transaction', () => {
  it('ends at its deadline', async () => {
    const work = pool.transaction({ access: 'read only', deadline: 100 }, (db) =>
      db.run(sleep, { seconds: 30 }),
    )
    await expect(work).rejects.toMatchObject({ code: 'timeout' })
  })

  it('may allow its statements more or less time than the connection does', async () => {
    pool = open({ size: 1, statementTimeout: 100 })
    const ask = (statementTimeout?: number) =>
      pool.transaction(
        { access: 'read only', ...(statementTimeout !== undefined && { statementTimeout }) },
        (db) => db.run(sleep, { seconds: 0.2 }),
      )
    expect(await ask(1_000)).toHaveLength(1)
    await expect(ask()).rejects.toMatchObject({ code: '57014' })
    await expect(ask(50)).rejects.toMatchObject({ code: '57014' })
  })

  it('ends with its signal', async () => {
    const stop = new AbortController()
    const work = pool.transaction({ access: 'read only', signal: stop.signal }, (db) =>
      db.run(sleep, { seconds: 30 }),
    )
    const backend = await sleeper()
    stop.abort()
    await expect(work).rejects.toMatchObject({ code: 'timeout' })
    await expect.poll(() => isRunning(backend)).toBe(false)
  })

  it('rolls back what its work began when the work throws', async () => {
    const work = pool.transaction({ access: 'read write' }, async (db) => {
      await db.run(addUser, { username: 'thrown away' })
      throw new Error('changed my mind')
    })
    await expect(work).rejects.toThrow('changed my mind')
    const rows = await database.sql`select from users where username = 'thrown away'`
    expect(rows).toHaveLength(0)
  })
})
