import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { serve } from '@hono/node-server'
import { sql } from 'drizzle-orm'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { anyone } from '../../src/auth/caller.ts'
import { noCache } from '../../src/cache/cache.ts'
import type { Pool } from '../../src/db/database.ts'
import { users } from '../../src/db/schema.ts'
import { type Placeholders, statement } from '../../src/db/statement.ts'
import type { AppEnv } from '../../src/http/context.ts'
import { cursorCodec } from '../../src/http/paging/cursor.ts'
import { onError } from '../../src/http/problems.ts'
import { requests } from '../../src/http/requests.ts'
import { transaction } from '../../src/http/transaction.ts'
import type { Observation } from '../../src/observability/observation.ts'
import { useDatabase } from '../support/database.ts'
import { openTestPool } from '../support/pool.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'

const pid = statement(
  'pid',
  { reads: [] },
  () => sql<{ pid: number }>`select pg_backend_pid() as pid`,
)
const sleep = statement(
  'sleep',
  { reads: [] },
  () => sql<{ slept: string }>`select pg_sleep(30)::text as slept`,
)
const addUser = statement(
  'add_user',
  { reads: [] },
  (db, slots: Placeholders<{ username: string }>) =>
    db.insert(users).values({ username: slots.username }).returning({ id: users.id }),
)
const promise = statement(
  'promise',
  { reads: [] },
  () => sql<never>`insert into promises values (1, 2)`,
)

const database = useDatabase()
let proxy: TestProxy
let pool: Pool
let observed: Observation[]
let requestTimeout = 5_000
let keptAlive: Promise<unknown>[]
let done: unknown[]

beforeEach(async () => {
  observed = []
  keptAlive = []
  done = []
  requestTimeout = 5_000
  proxy = await startProxy(database.url)
  pool = openTestPool(proxy.url, {
    on: (event) => observed.push({ type: 'database', event }),
  })
})
afterEach(async () => {
  await expect.poll(() => pool.stats().inUse).toBe(0)
  await pool.close()
  await proxy.close()
})

/** Routes that show what becomes of a request's transaction. */
function createRoutes() {
  const app = new Hono<AppEnv>()
  app.onError(onError)
  app.use(
    requests({
      pool: () => pool,
      cursors: cursorCodec(new TextEncoder().encode('for tests')),
      requestTimeout,
      cache: noCache,
      observe: (observation) => observed.push(observation),
      runtime: 'node',
      keepAlive: (_, work) => keptAlive.push(work),
      isReady: () => true,
      callerOf: () => anyone,
      countView: () => {},
    }),
    transaction(),
  )
  return app
    .get('/nothing', (c) => c.text('nothing'))
    .get('/pid', async (c) => c.json(await c.var.db.run(pid)))
    .get('/write', async (c) => c.json(await c.var.db.run(addUser, { username: 'read' })))
    .get('/sleep', async (c) => c.json(await c.var.db.run(sleep)))
    .post('/users/:username', async (c) =>
      c.json(await c.var.db.run(addUser, { username: c.req.param('username') }), 201),
    )
    .post('/thrown/:username', async (c) => {
      await c.var.db.run(addUser, { username: c.req.param('username') })
      throw new Error('thrown away')
    })
    .post('/promise', async (c) => c.json(await c.var.db.run(promise), 201))
    .post('/whole/:username', async (c) => {
      const username = c.req.param('username')
      return c.json(await c.var.db.transaction((db) => db.run(addUser, { username })), 201)
    })
    .post('/after/:username', async (c) => {
      const username = c.req.param('username')
      c.var.db.afterCommit(async () => void done.push(await usersNamed(username)))
      await c.var.db.run(addUser, { username })
      if (c.req.query('fault') === 'handler') throw new Error('thrown away')
      if (c.req.query('fault') === 'commit') await c.var.db.run(promise)
      c.var.db.afterCommit(() => {
        throw new Error('nobody there')
      })
      c.var.db.afterCommit(() => void done.push('last'))
      return c.json({ done }, 201)
    })
}

const post = (path: string) => createRoutes().request(path, { method: 'POST' })
const usersNamed = async (username: string) =>
  (await database.sql`select from users where username = ${username}`).length

describe('transaction', () => {
  it('takes no connection for a request that asks nothing', async () => {
    expect((await createRoutes().request('/nothing')).status).toBe(200)
    expect(proxy.accepted).toBe(0)
  })

  it('answers a read after one round trip, before its commit', async () => {
    const app = createRoutes()
    await app.request('/pid')
    await expect.poll(transactions).toBe(0)
    proxy.roundTrips = 0
    const response = await app.request('/pid')
    expect(response.status).toBe(200)
    expect(proxy.roundTrips).toBe(1)
    await expect.poll(() => proxy.roundTrips).toBe(2)
  })

  it('sends the commit of a read and the begin of the next in one packet', async () => {
    pool = openTestPool(proxy.url, { size: 1 })
    const app = createRoutes()
    await app.request('/pid')
    await expect.poll(transactions).toBe(0)
    proxy.roundTrips = 0
    await Promise.all(Array.from({ length: 20 }, () => app.request('/pid')))
    expect(proxy.roundTrips).toBe(20)
  })

  it('refuses a write on a GET', async () => {
    const response = await createRoutes().request('/write')
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ code: 'database_read_only' })
    expect(await usersNamed('read')).toBe(0)
  })

  it('answers a write once it is committed', async () => {
    expect((await post('/users/ada')).status).toBe(201)
    expect(pool.stats().inUse).toBe(0)
    expect(await usersNamed('ada')).toBe(1)
  })

  it('commits a whole transaction', async () => {
    expect((await post('/whole/grace')).status).toBe(201)
    expect(await usersNamed('grace')).toBe(1)
  })

  it('rolls back when the handler throws', async () => {
    expect((await post('/thrown/nobody')).status).toBe(500)
    expect(await usersNamed('nobody')).toBe(0)
  })

  it('answers with the failure of the commit', async () => {
    await promises()
    const response = await post('/promise')
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ code: 'reference_missing' })
  })

  it('calls back after the commit of a write, before it is answered', async () => {
    const response = await post('/after/hook')
    expect(response.status).toBe(201)
    expect(await response.json()).toEqual({ done: [] })
    expect(done).toEqual([1, 'last'])
    expect(observed).toContainEqual({
      type: 'database',
      event: {
        type: 'after_commit_failed',
        error: expect.objectContaining({ message: 'nobody there' }),
      },
    })
  })

  it.each([
    ['handler', 500],
    ['commit', 422],
  ])('does not call back when the %s failed', async (fault, status) => {
    await promises()
    expect((await post(`/after/none?fault=${fault}`)).status).toBe(status)
    expect(done).toEqual([])
    expect(await usersNamed('none')).toBe(0)
  })

  it('keeps the end of a read alive behind its answer, and nothing of a write', async () => {
    const app = createRoutes()
    await app.request('/pid')
    expect(keptAlive).toHaveLength(1)
    await Promise.all(keptAlive)
    expect(pool.stats().inUse).toBe(0)
    await post('/users/eve')
    expect(keptAlive).toHaveLength(1)
  })

  it('does not fail a read whose commit fails, but tells it', async () => {
    const app = createRoutes()
    await app.request('/pid')
    proxy.delay = 20
    const response = await app.request('/pid')
    proxy.cut()
    expect(response.status).toBe(200)
    await expect
      .poll(() => observed.filter((one) => one.type === 'database'))
      .toContainEqual({ type: 'database', event: { type: 'end_failed', error: expect.anything() } })
  })

  it('is 504 at the deadline, with the statement cancelled on the server', async () => {
    requestTimeout = 500
    const app = createRoutes()
    await app.request('/pid')
    const response = await app.request('/sleep')
    expect(response.status).toBe(504)
    expect(await response.json()).toMatchObject({ code: 'timeout' })
    await expect.poll(sleepers).toBe(0)
    expect(proxy.accepted).toBe(2)
  })

  it('cancels on the server when the client goes away', async () => {
    const server = serve({ fetch: createRoutes().fetch, port: 0 })
    if (!server.listening) await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = connect(port, '127.0.0.1')
    client.write('GET /sleep HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await expect.poll(sleepers).toBe(1)
    client.destroy()
    await expect.poll(sleepers).toBe(0)
    await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, idle: 1 })
    server.close()
  })

  it('writes down where the time went', async () => {
    const response = await createRoutes().request('/pid')
    expect(response.headers.get('server-timing')).toMatch(/^total;dur=.+, pool;dur=.+, db;dur=/)
  })
})

const promises = () => database.sql`
  create table if not exists promises
    (id int primary key, other int references promises deferrable initially deferred)`

const transactions = async () => {
  const rows = await database.sql`
    select from pg_stat_activity
    where datname = current_database() and application_name = 'shopboard-test' and state <> 'idle'`
  return rows.length
}

const sleepers = async () => {
  const rows = await database.sql`
    select from pg_stat_activity
    where datname = current_database() and application_name = 'shopboard-test'
      and state = 'active' and query like '%pg_sleep(30)%'`
  return rows.length
}
