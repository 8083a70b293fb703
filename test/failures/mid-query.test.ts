import { serve } from '@hono/node-server'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { TestApp, TestAppOptions } from '../support/app.ts'
import { useDatabase } from '../support/database.ts'
import { sleep } from '../support/failure-routes.ts'
import {
  addUser,
  createFaultApp,
  expectProblem,
  expectRecovery,
  expectSettled,
  postJson,
  refuseStrays,
  runningOnServer,
} from '../support/failures.ts'
import { startProxy, type TestProxy } from '../support/proxy.ts'

const activity = '/api/v1/activity'
const long = '/api/fault/sleep?seconds=30'

describe('a query under way', () => {
  refuseStrays()
  const database = useDatabase()
  let proxy: TestProxy
  let test: TestApp
  beforeEach(async () => {
    proxy = await startProxy(database.url)
  })
  afterEach(async () => {
    await test.close()
    await proxy.close()
  })

  async function open(options: TestAppOptions = {}) {
    test = await createFaultApp({ url: proxy.url, ...options })
    return test
  }

  /** As many connections as the pool has stand: connecting takes none of a request's time. */
  const connectAll = async ({ pool }: TestApp) => {
    const all = Array.from({ length: pool.stats().size }, () =>
      pool.transaction({ access: 'read only' }, (db) => db.run(sleep, { seconds: 0.1 })),
    )
    await Promise.all(all)
  }

  const expectSleeping = (count: number) =>
    expect.poll(() => runningOnServer(database, 'pg_sleep')).toBe(count)

  /** Whatever happened to it: no slot is missing, none of its statements runs on, the next request succeeds. */
  async function expectWell() {
    await expectSettled(test.pool)
    await expectSleeping(0)
    await expectRecovery(() => test.request(activity))
    await expectSettled(test.pool)
  }

  it.each(['terminated', 'cut off', 'shut out'])(
    'is 503 when its connection is %s',
    async (how) => {
      const { request } = await open()
      const answers = [request(long), request(long)]
      await expectSleeping(2)
      if (how === 'terminated')
        await database.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query like '%pg_sleep%' and pid <> pg_backend_pid()`
      if (how === 'cut off') proxy.cut()
      if (how === 'shut out') await proxy.refuse()
      for (const answer of answers) await expectProblem(await answer, 'database_unavailable')
      await expectSettled(test.pool)
      if (how === 'shut out') await proxy.accept()
      if (how !== 'terminated')
        await database.sql`
        select pg_cancel_backend(pid) from pg_stat_activity
        where datname = current_database() and query like '%pg_sleep%' and pid <> pg_backend_pid()`
      await expectWell()
    },
  )

  it('is 503 for a write that was terminated, and nothing of it stays', async () => {
    const { request, app } = await open()
    app.post('/api/fault/cut', async (c) => {
      await request('/api/fault/users', postJson({ username: 'kept' }))
      await c.var.db.run(addUser, { username: 'lost', email: null })
      proxy.cut()
      await c.var.db.run(addUser, { username: 'lost too', email: null })
      return c.text('written')
    })
    await expectProblem(await request('/api/fault/cut', { method: 'POST' }), 'database_unavailable')
    await expectWell()
    const rows = await database.sql`select username from users where username ~ 'kept|lost'`
    expect(rows).toEqual([{ username: 'kept' }])
  })

  it('is 504 at the deadline of its request, and cancelled on the server', async () => {
    const { request } = await open({ services: { requestTimeout: 200 } })
    await connectAll(test)
    const answers = await Promise.all([request(long), request(long), request(long)])
    for (const answer of answers) await expectProblem(answer, 'timeout')
    await expectWell()
    const cancelled = test.observed.filter(
      ({ ...seen }) =>
        seen.type === 'database' &&
        seen.event.type === 'cancelled' &&
        seen.event.statement === sleep.name,
    )
    expect(cancelled).toHaveLength(3)
  })

  it('is 504 at the statement timeout of the server', async () => {
    const { request } = await open({ pool: { statementTimeout: 150 } })
    await expectProblem(await request(long), 'timeout')
    await expectWell()
  })

  it('is 504 when a lock does not come free in time', async () => {
    const { request } = await open({ pool: { lockTimeout: 100 } })
    await database.sql.begin(async (locked) => {
      await locked`lock table users in exclusive mode`
      const answer = await request('/api/fault/users', postJson({ username: 'waits' }))
      await expectProblem(answer, 'timeout')
      await expectSettled(test.pool)
    })
    await expectWell()
  })

  it('is 504 at the deadline when the network goes dead, and the connection is not used again', async () => {
    // it has to be seen asleep before: a busy machine takes its time
    const { request } = await open({ services: { requestTimeout: 1_000 } })
    await connectAll(test)
    const answer = request(long)
    await expectSleeping(1)
    proxy.freeze()
    proxy.manner = 'silent'
    await expectProblem(await answer, 'timeout')
    await expectSettled(test.pool)
    proxy.manner = 'pass'
    await expectRecovery(() => request(activity))
    await database.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like '%pg_sleep%' and pid <> pg_backend_pid()`
    await expectWell()
  })

  it('is cancelled on the server when its client hangs up', async () => {
    const { app } = await open()
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
    try {
      const address = await new Promise<number>((resolve) =>
        server.once('listening', () => {
          const at = server.address()
          resolve(typeof at === 'object' && at ? at.port : 0)
        }),
      )
      const leaving = new AbortController()
      const { signal } = leaving
      const asked = Promise.allSettled(
        [1, 2].map(() => fetch(`http://127.0.0.1:${address}${long}`, { signal })),
      )
      await expectSleeping(2)
      leaving.abort()
      expect((await asked).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      await expectWell()
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
