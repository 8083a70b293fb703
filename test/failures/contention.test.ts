import { sql as template } from 'drizzle-orm'
import { afterEach, describe, expect, it } from 'vitest'
import { posts } from '../../src/db/schema.ts'
import { statement } from '../../src/db/statement.ts'
import type { TestApp, TestAppOptions } from '../support/app.ts'
import { insertPost } from '../support/factories.ts'
import {
  createFaultApp,
  expectProblem,
  expectRecovery,
  expectSettled,
  refuseStrays,
} from '../support/failures.ts'

const activity = '/api/v1/activity'
const long = '/api/fault/sleep?seconds=30'

const touch = statement<{ id: number }, { id: number }>(
  'touch_post',
  { reads: [] },
  (_, { id }) => template`update ${posts} set title = title || '.' where id = ${id} returning id`,
)

describe('requests in each other’s way', () => {
  refuseStrays()
  let test: TestApp
  afterEach(() => test.close())

  async function open(options: TestAppOptions = {}) {
    test = await createFaultApp(options)
    return test
  }

  const retries = () =>
    test.observed.filter((seen) => seen.type === 'database' && seen.event.type === 'retried').length

  describe('for connections', () => {
    /** Takes every slot until the returned function is called. */
    async function takeAll({ pool, request }: TestApp) {
      const { size } = pool.stats()
      const leaving = new AbortController()
      const holders = Array.from({ length: size }, () => request(long, { signal: leaving.signal }))
      await expect.poll(() => pool.stats().inUse).toBe(size)
      return async () => {
        leaving.abort()
        for (const answer of await Promise.all(holders)) await expectProblem(answer, 'timeout')
      }
    }

    it('are told the pool is exhausted after the acquire limit', async () => {
      const { request, pool } = await open({ pool: { acquireTimeout: 100 } })
      const free = await takeAll(test)
      const answers = await Promise.all([request(activity), request(activity)])
      for (const answer of answers) await expectProblem(answer, 'pool_exhausted')
      expect(pool.stats()).toMatchObject({ waiting: 0, timeouts: 2 })
      await free()
      await expectSettled(pool)
      await expectRecovery(() => request(activity))
    })

    it('are turned away at once when the queue is full, and served when they were in it', async () => {
      const { request, pool } = await open({ pool: { queueLimit: 1, acquireTimeout: 60_000 } })
      const free = await takeAll(test)
      const first = request(activity)
      await expect.poll(() => pool.stats().waiting).toBe(1)
      await expectProblem(await request(activity), 'pool_exhausted')
      expect(pool.stats().waiting).toBe(1)
      await free()
      expect((await first).status).toBe(200)
      expect(pool.stats().rejected).toBe(1)
      await expectSettled(pool)
    })

    it('wait no longer than their own deadline', async () => {
      const { request, pool } = await open({
        pool: { acquireTimeout: 5_000 },
        services: { requestTimeout: 250 },
      })
      const leaving = Promise.withResolvers<void>()
      // not requests: their deadline would be over before it, on a busy machine
      const holders = Array.from({ length: pool.stats().size }, () =>
        pool.transaction({ access: 'read only' }, async (db) => {
          await db.run(countPosts)
          await leaving.promise
        }),
      )
      await expect.poll(() => pool.stats().inUse).toBe(holders.length)
      await expectProblem(await request(activity), 'timeout')
      leaving.resolve()
      await Promise.all(holders)
      await expectSettled(pool)
      await expectRecovery(() => request(activity))
    })
  })

  describe('for rows', () => {
    /**
     * A rival that locks `theirs`, and wants `ours` as soon as the request has it: a deadlock, found by the request's
     * own server process because the rival looks for it much later. What it got it gives back; then it holds `theirs`
     * again, or leaves.
     */
    async function openRival(
      sql: TestApp['sql'],
      { ours, theirs, isRepeated }: { ours: number; theirs: number; isRepeated: boolean },
    ) {
      const rival = await sql.reserve()
      const [me] = await rival<{ pid: number }[]>`select pg_backend_pid() as pid`
      await rival`set deadlock_timeout = '1min'`
      const hold = async () => {
        await rival`begin`
        await rival`update posts set body = 'theirs' where id = ${theirs}`
      }
      const want = async () => {
        await rival`update posts set body = 'theirs' where id = ${ours}`
        wanting = undefined
        ready = rival`rollback`.then(isRepeated ? hold : undefined)
      }
      const isWaiting = async () =>
        (await sql`select from pg_locks where pid = ${me?.pid ?? 0} and not granted`).length > 0
      let ready: Promise<unknown> = hold()
      let wanting: Promise<void> | undefined
      await ready
      return {
        /** Resolves once the rival waits for the request: it may do so still, when a retry came before it. */
        async provoke() {
          await ready
          wanting ??= want()
          await expect.poll(isWaiting).toBe(true)
        },
        async leave() {
          await wanting
          await ready
          await rival`rollback`
          rival.release()
        },
      }
    }

    async function openDeadlock(isRepeated: boolean) {
      const { app, sql } = await open()
      const name = template.identifier(new URL(test.url).pathname.slice(1))
      await sql.unsafe(`alter database "${name.value}" set deadlock_timeout = '20ms'`)
      const ours = Number((await insertPost(sql)).id)
      const theirs = Number((await insertPost(sql)).id)
      const rival = await openRival(sql, { ours, theirs, isRepeated })
      let tries = 0
      app.post('/api/fault/deadlock', async (c) => {
        await c.var.db.transaction(async (db) => {
          tries += 1
          await db.run(touch, { id: ours })
          if (tries > 1 && !isRepeated) return
          await rival.provoke()
          await db.run(touch, { id: theirs })
        })
        return c.json({ tries })
      })
      return { rival, tries: () => tries }
    }

    it('are tried again after a deadlock, and succeed', async () => {
      const { rival } = await openDeadlock(false)
      const answer = await test.request('/api/fault/deadlock', { method: 'POST' })
      expect(answer.status).toBe(200)
      expect(await answer.json()).toEqual({ tries: 2 })
      expect(retries()).toBe(1)
      await expectSettled(test.pool)
      await rival.leave()
    })

    it('are told of a deadlock that comes back at every try', async () => {
      const { rival, tries } = await openDeadlock(true)
      const answer = await test.request('/api/fault/deadlock', { method: 'POST' })
      await expectProblem(answer, 'serialization_failed')
      expect(tries()).toBe(3)
      await expectSettled(test.pool)
      await rival.leave()
      await expectRecovery(() => test.request(activity))
    })

    it('are told when they cannot be serialized at any try', async () => {
      const { app, sql, pool } = await open()
      const id = Number((await insertPost(sql)).id)
      let tries = 0
      app.post('/api/fault/serialize', async (c) => {
        const options = { access: 'read write', isolation: 'repeatable read' } as const
        await pool.transaction(options, async (db) => {
          tries += 1
          await db.run(countPosts)
          await sql`update posts set body = body || 'x' where id = ${id}`
          await db.run(touch, { id })
        })
        return c.text('written')
      })
      const answer = await test.request('/api/fault/serialize', { method: 'POST' })
      await expectProblem(answer, 'serialization_failed')
      expect(tries).toBe(3)
      await expectSettled(pool)
    })
  })
})

const countPosts = statement<object, { n: string }>(
  'count_posts',
  { reads: [] },
  () => template`select count(*) as n from ${posts}`,
)
