import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Cache } from '../../src/cache/cache.ts'
import { memoryCache } from '../../src/cache/memory.ts'
import { type Watcher, type WatcherOptions, watchTables } from '../../src/cache/watcher.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { useDatabase } from '../support/database.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../support/factories.ts'
import { openTestPool } from '../support/pool.ts'
import { startProxy } from '../support/proxy.ts'
import { useRole } from '../support/role.ts'

let app: TestApp
let watcher: Watcher | undefined
beforeEach(async () => {
  app = await createTestApp()
})
afterEach(async () => {
  await watcher?.stop()
  watcher = undefined
  await app.close()
})

/** A cache that notes what it is told. */
function listening() {
  const invalidated: string[][] = []
  const validated: number[] = []
  const cache: Cache = {
    ...memoryCache(),
    invalidate: (tables) => invalidated.push([...tables].toSorted()),
    validate: (instant) => validated.push(instant),
  }
  /** Resolves after a whole poll that began later than this call. */
  const polled = async () => {
    const asked = performance.now()
    await expect.poll(() => validated.some((instant) => instant > asked)).toBe(true)
  }
  return { cache, invalidated, validated, polled }
}

const watch = (cache: Cache, options: Partial<WatcherOptions> = {}) => {
  watcher = watchTables({ pool: app.pool, cache, interval: 20, ...options })
  return watcher
}

describe('the watcher', () => {
  it('invalidates every table at its first poll, and nothing while nothing is written', async () => {
    const { cache, invalidated, polled } = listening()
    watch(cache)
    await polled()
    await polled()
    expect(invalidated[0]).toEqual(['comments', 'posts', 'sessions', 'users'])
    expect(invalidated.slice(1).flat()).toEqual([])
  })

  it('sees any write of anyone, in its table', async () => {
    const { sql } = app
    const user = await insertUser(sql)
    const post = await insertPost(sql)
    const session = await insertSession(sql, { user_id: user.id })
    const { cache, invalidated, polled } = listening()
    watch(cache)
    const writes: [string, () => PromiseLike<unknown>][] = [
      ['users', () => sql`update users set username = 'renamed' where id = ${user.id}`],
      ['posts', () => sql`update posts set deleted_at = now() where id = ${post.id}`],
      ['comments', () => insertComment(sql, { post_id: post.id })],
      ['sessions', () => sql`delete from sessions where id = ${session.id}`],
      ['comments', () => sql`truncate comments`],
    ]
    for (const [table, write] of writes) {
      await polled()
      invalidated.length = 0
      await write()
      await polled()
      expect(invalidated.flat(), table).toEqual([table])
    }
  })

  it('is not misled by a fold', async () => {
    await insertPost(app.sql)
    const { cache, invalidated, polled } = listening()
    watch(cache)
    await polled()
    invalidated.length = 0
    await app.sql`select rollup.fold()`
    await polled()
    expect(invalidated.flat()).toEqual([])
  })

  it('tells when it no longer sees, and when it does again', async () => {
    const { cache, polled } = listening()
    const states: string[] = []
    const { isUp } = watch(cache, { onChange: (state) => states.push(state) })
    expect(isUp()).toBe(false)
    await polled()
    expect(isUp()).toBe(true)
    await app.sql`alter view rollup.current_versions rename to elsewhere`
    await expect.poll(() => !isUp()).toBe(true)
    await app.sql`alter view rollup.elsewhere rename to current_versions`
    await expect.poll(isUp).toBe(true)
    expect(states).toEqual(['unfit', 'up'])
  })

  it.each([
    ['a table is gone', 'drop table users cascade', /it has no public\.users: restore/],
    ['a schema is gone', 'drop schema rollup cascade', /rollup/],
    [
      'a function is gone',
      'drop function rollup.crowd_size cascade',
      /it has no rollup\.crowd_size/,
    ],
  ])('is not up while %s, and says what', async (_, damage, reason) => {
    const { cache, polled } = listening()
    const told: [string, unknown][] = []
    const { isUp } = watch(cache, { onChange: (state, error) => told.push([state, error]) })
    await polled()
    await app.sql.unsafe(damage)
    await expect.poll(isUp).toBe(false)
    const [state, error] = told[0] ?? []
    expect([state, error instanceof Error ? error.message : '']).toEqual([
      'unfit',
      expect.stringMatching(reason),
    ])
  })

  it('tells a database that is away from one that is unfit, one after the other', async () => {
    const { cache, polled } = listening()
    const states: string[] = []
    const proxy = await startProxy(app.url)
    const pool = openTestPool(proxy.url)
    watch(cache, { pool, onChange: (state) => states.push(state) })
    await polled()
    await proxy.refuse()
    await expect.poll(() => states).toEqual(['down'])
    await app.sql`drop table users cascade`
    await proxy.accept()
    await expect.poll(() => states).toEqual(['down', 'unfit'])
    await watcher?.stop()
    await pool.close()
    await proxy.close()
  })

  it('leaves no connection in use when stopped', async () => {
    const { cache, validated } = listening()
    await watch(cache).stop()
    const polls = validated.length
    await expect.poll(() => app.pool.stats().inUse === 0).toBe(true)
    expect(validated.length).toBe(polls)
  })
})

describe('the watcher of a role with rights to read', () => {
  const database = useDatabase()
  const reader = useRole(
    database,
    'grant usage on schema rollup to ROLE; grant select on all tables in schema public, rollup to ROLE',
  )

  it.each([
    ['a table', 'select on public.users'],
    ['a function', 'execute on function rollup.quarter(instant timestamp with time zone)'],
  ])('is not up while it lacks one to %s, and says what to grant', async (_, right) => {
    await database.sql.unsafe(`revoke ${right} from public`)
    await database.sql.unsafe(`grant ${right} to ${reader.name}`)
    const pool = openTestPool(reader.url)
    const told: string[] = []
    const { isUp } = watch(memoryCache(), {
      pool,
      onChange: (state, error) => told.push(state, error instanceof Error ? error.message : ''),
    })
    await expect.poll(isUp).toBe(true)
    await database.sql.unsafe(`revoke ${right} from ${reader.name}`)
    await expect.poll(isUp).toBe(false)
    const grant = `grant ${right} to ${reader.name};`
    expect(told).toEqual(['unfit', expect.stringContaining(grant)])
    await database.sql.unsafe(grant)
    await expect.poll(isUp).toBe(true)
    await watcher?.stop()
    await pool.close()
  })
})

describe('an entry', () => {
  it('is never served 2 s after a commit that changed it', async () => {
    const cache = memoryCache({ threshold: 0 })
    const cached = await createTestApp({ url: app.url, services: { cache } })
    watcher = watchTables({ pool: app.pool, cache })
    const path = '/api/v1/activity?kind=post&pageSize=1'
    const newest = async () => {
      const asked = performance.now()
      const body = (await (await cached.request(path)).json()) as { items: { id: number }[] }
      return { asked, id: body.items[0]?.id }
    }
    for (let round = 0; round < 3; round++) {
      await newest()
      const { id } = await insertPost(app.sql)
      const committed = performance.now()
      let answer = await newest()
      while (answer.asked - committed <= 2_000) {
        await pause(5)
        answer = await newest()
      }
      expect(answer.id).toBe(id)
    }
    await cached.close()
  })
})
