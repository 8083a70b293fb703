import { describe, expect, it, onTestFinished } from 'vitest'
import { newKey } from '../../src/auth/key.ts'
import { memoryCache } from '../../src/cache/memory.ts'
import { watchTables } from '../../src/cache/watcher.ts'
import { readConfig } from '../../src/config.ts'
import type { DatabaseEvent } from '../../src/db/database.ts'
import { authentication } from '../../src/server/authentication.ts'
import { listen } from '../../src/server/listen.ts'
import { createTestApp, type TestAppOptions } from '../support/app.ts'
import { useDatabase } from '../support/database.ts'
import { insertKey, withKey } from '../support/keys.ts'
import { openTestPool } from '../support/pool.ts'
import { startProxy } from '../support/proxy.ts'
import { sent } from '../support/raw.ts'
import { useRole } from '../support/role.ts'

const database = useDatabase()
const path = '/api/v1/users?pageSize=1'

/** A server's app and its door, on the database or whatever leads there; all of it ends with the test. */
async function startDoor(url = database.url, options: TestAppOptions = {}) {
  const events: DatabaseEvent[] = []
  const said: string[] = []
  const pools: ReturnType<typeof openTestPool>[] = []
  const open = (size: number) => {
    const pool = openTestPool(url, { size, on: (event) => events.push(event) })
    pools.push(pool)
    return pool
  }
  const door = await authentication({
    config: readConfig({ DATABASE_URL: url }),
    open,
    observe: () => {},
    say: (line) => said.push(line),
  })
  const cache = memoryCache({ threshold: 0 })
  const app = await createTestApp({ url, ...options, services: { ...door, cache } })
  const watcher = watchTables({ pool: open(1), cache, keys: door.keys, interval: 50 })
  await expect.poll(watcher.isUp).toBe(true)
  const close = async () => {
    await watcher.stop()
    await Promise.all(pools.map((pool) => pool.close()))
    await app.close()
  }
  return {
    app,
    door,
    said,
    close,
    async status(authorization?: string) {
      const init = authorization === undefined ? {} : withKey(authorization)
      return (await app.request(path, init)).status
    },
    /** How often a statement ran. */
    ran: (name: string) =>
      events.filter((event) => event.type === 'statement' && event.name === name).length,
  }
}

async function useDoor(...asked: Parameters<typeof startDoor>) {
  const started = await startDoor(...asked)
  onTestFinished(started.close)
  return started
}

describe('a key', () => {
  it('is looked up once for a crowd, known or not', async () => {
    const { authorization } = await insertKey(database.sql)
    const { status, ran } = await useDoor()
    for (const [shown, expected] of [
      [authorization, 200],
      [`Bearer ${newKey().key}`, 401],
    ] as const) {
      const before = ran('key_by_hash')
      const all = await Promise.all(Array.from({ length: 100 }, () => status(shown)))
      expect(new Set(all)).toEqual(new Set([expected]))
      expect(await status(shown)).toBe(expected)
      expect(ran('key_by_hash') - before).toBe(1)
    }
  })

  it('is refused without a query where its checksum is wrong', async () => {
    const { status, ran, door } = await useDoor()
    const { authorization } = await insertKey(database.sql)
    const forged = authorization.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
    expect(await status(forged)).toBe(401)
    expect(door.peek(forged)).toBe('refused')
    expect(ran('key_by_hash')).toBe(0)
  })

  it.each([
    ['revoked', 'update shopboard.keys set revoked_at = now() where id = $1', 401],
    ['deleted', 'delete from shopboard.keys where id = $1', 401],
    ['moved into the past', 'update shopboard.keys set expires_at = now() where id = $1', 401],
    ['given other scopes', "update shopboard.keys set scopes = '{write}' where id = $1", 403],
  ])('that is %s by anyone is felt by every server', async (_, change, expected) => {
    const doors = [await useDoor(), await useDoor()]
    const { authorization, id } = await insertKey(database.sql)
    for (const { status } of doors) expect(await status(authorization)).toBe(200)
    await database.sql.unsafe(change, [id])
    for (const { status } of doors) await expect.poll(() => status(authorization)).toBe(expected)
  })

  it('that is truncated away is felt, too', async () => {
    const { status } = await useDoor()
    const { authorization } = await insertKey(database.sql)
    expect(await status(authorization)).toBe(200)
    await database.sql`truncate shopboard.keys`
    await expect.poll(() => status(authorization)).toBe(401)
  })

  it('that was unknown is good once it is there', async () => {
    const { status } = await useDoor()
    const { authorization, id } = await insertKey(database.sql, { revoked_at: 'now' })
    expect(await status(authorization)).toBe(401)
    await database.sql`update shopboard.keys set revoked_at = null where id = ${id}`
    await expect.poll(() => status(authorization)).toBe(200)
  })

  it('expires by the clock of the database, also while it is remembered', async () => {
    const { status } = await useDoor()
    const { authorization, id } = await insertKey(database.sql, { expires_at: 'now' })
    expect(await status(authorization)).toBe(401)
    await database.sql`update shopboard.keys set expires_at = clock_timestamp() + interval '1 second' where id = ${id}`
    await expect.poll(() => status(authorization)).toBe(200)
    await expect.poll(() => status(authorization)).toBe(401)
    const [row] =
      await database.sql`select expires_at <= clock_timestamp() + interval '20 ms' as "isOver" from shopboard.keys where id = ${id}`
    expect(row).toEqual({ isOver: true })
  })

  it('leaves its use behind once a minute, and none where it is refused', async () => {
    const { status, ran } = await useDoor()
    const good = await insertKey(database.sql)
    const revoked = await insertKey(database.sql, { revoked_at: 'now' })
    const expired = await insertKey(database.sql, { expires_at: 'now' })
    for (const { authorization } of [revoked, expired, good, good, good])
      await status(authorization)
    const used = async (id: number) =>
      (await database.sql`select from shopboard.keys where id = ${id} and last_used_at is not null`)
        .length
    await expect.poll(() => used(good.id)).toBe(1)
    expect(ran('note_key_use')).toBe(1)
    expect([await used(revoked.id), await used(expired.id)]).toEqual([0, 0])
    const other = await useDoor()
    expect(await other.status(good.authorization)).toBe(200)
    expect(other.ran('note_key_use')).toBe(0)
  })

  it('is let in while its row is locked, and while every connection for requests is taken', async () => {
    const { authorization, id } = await insertKey(database.sql)
    const { status, app, door } = await useDoor(database.url, { pool: { size: 1 } })
    const locked = await database.sql.reserve()
    onTestFinished(() => locked.release())
    await locked`begin`
    await locked`update shopboard.keys set name = 'locked' where id = ${id}`
    const all = await Promise.all(Array.from({ length: 20 }, () => status(authorization)))
    await locked`rollback`
    expect(all).toEqual(Array.from({ length: 20 }, () => 200))
    expect(door.peek(authorization)).toMatchObject({ actor: `key:${id}` })
    expect(app.pool.stats().waiting).toBe(0)
  })
})

describe('an answer that is cached', () => {
  it('goes to callers of the same scopes alone, 304 and HEAD too', async () => {
    const reader = await insertKey(database.sql)
    const writer = await insertKey(database.sql, { scopes: ['write'] })
    const { app } = await useDoor()
    const ask = (authorization: string, init: RequestInit = {}) =>
      app.request(path, withKey(authorization, init))
    await ask(reader.authorization)
    const hit = await ask(reader.authorization)
    expect(hit.headers.get('server-timing')).toContain('cache;desc=hit')
    const etag = hit.headers.get('etag') ?? ''
    for (const headers of [{}, { 'If-None-Match': etag }, { 'If-None-Match': '*' }])
      for (const method of ['GET', 'HEAD']) {
        const refused = await ask(writer.authorization, { method, headers })
        expect(refused.status).toBe(403)
        expect(refused.headers.get('etag')).toBeNull()
        expect((await app.request(path, { method, headers })).status).toBe(401)
      }
    expect((await ask(reader.authorization, { headers: { 'If-None-Match': etag } })).status).toBe(
      304,
    )
  })
})

describe('while the database is away', () => {
  it('keys that are known are good, and others are told to come back', async () => {
    const proxy = await startProxy(database.url)
    onTestFinished(proxy.close)
    const { authorization } = await insertKey(database.sql)
    const { status, door, app } = await useDoor(proxy.url)
    expect(await status(authorization)).toBe(200)
    await proxy.refuse()
    const response = await app.request(path, withKey(`Bearer ${newKey().key}`))
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({ code: 'database_unavailable' })
    // an answer from the cache, or none: not a word against the key
    expect([200, 503]).toContain(await status(authorization))
    await expect.poll(() => door.peek(authorization)).toBeUndefined()
    expect([200, 503]).toContain(await status(authorization))
    expect(door.peek(authorization)).toMatchObject({ scopes: ['read'] })
    await proxy.accept()
  })
})

describe('a start', () => {
  it('says how to make the first key, while there is none that is good', async () => {
    await database.sql`truncate shopboard.keys`
    await insertKey(database.sql, { expires_at: 'yesterday' })
    const { said } = await useDoor()
    expect(said).toEqual([expect.stringMatching(/^There is no key yet.* keys create /)])
    await insertKey(database.sql)
    expect((await useDoor()).said).toEqual([])
  })
})

describe('a server whose role', () => {
  const rights =
    'grant usage on schema rollup to ROLE; grant select on all tables in schema public, rollup to ROLE;'
  const stranger = useRole(database, rights)
  const reader = useRole(
    database,
    `${rights} grant usage on schema shopboard to ROLE; grant select on shopboard.keys, shopboard.key_changes to ROLE; grant update (last_used_at) on shopboard.keys to ROLE`,
  )

  it('may not read keys is refused its start, with the rights to grant', async () => {
    await expect(startDoor(stranger.url)).rejects.toThrow(
      /may not read the keys: grant usage on schema shopboard/,
    )
  })

  it('may read keys and no more lets callers in, and writes their use down', async () => {
    const { authorization, id } = await insertKey(database.sql)
    const { status } = await useDoor(reader.url)
    expect(await status(authorization)).toBe(200)
    const used = () =>
      database.sql`select from shopboard.keys where id = ${id} and last_used_at is not null`
    await expect.poll(async () => (await used()).length).toBe(1)
  })
})

describe('headers as they come over a socket', () => {
  it('let a key in, once, and nothing beside it', async () => {
    const { authorization, key } = await insertKey(database.sql)
    const { app } = await useDoor()
    const server = await listen(app.app.fetch, { host: '127.0.0.1', port: 0 })
    onTestFinished(() => server.drain(0))
    const ask = async (...headers: string[]) => {
      const lines = [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers]
      return (await sent(server.url, [...lines, '', ''].join('\r\n'))).split(' ')[1]
    }
    const shown = `Authorization: ${authorization}`
    const other = `Authorization: Bearer ${newKey().key}`
    const asked: [string[], string][] = [
      [[shown], '200'],
      [[`authorization:bearer   ${key}`], '200'],
      [[`AUTHORIZATION:  BEARER ${key}  `], '200'],
      [[shown, shown], '401'],
      [[shown, other], '401'],
      [[other, shown], '401'],
      [['Authorization: ', shown], '401'],
      [[`${shown}, ${authorization}`], '401'],
      [[`Authorization: Basic ${btoa(`key:${key}`)}`], '401'],
      [[`Authorization: ${key}`], '401'],
      [[`Authorization: Bearer ${key}\u00a0`], '401'],
      [[`Authorization: Bearer ${key}é`], '401'],
      [[`Authorization: Bearer ${key} x`], '401'],
      [[`Authorization: Bearer "${key}"`], '401'],
      [[`Authorization: Bearer ${'a'.repeat(10_000)}`], '401'],
      [[`Authorization: Bearer ${'a'.repeat(100_000)}`], '431'],
      [[`Authorization: Bearer\r\n ${key}`], '400'],
      [['X-Forwarded-Authorization: x', 'X-Original-URL: /livez', `Cookie: key=${key}`], '401'],
    ]
    for (const [headers, expected] of asked)
      expect([headers.join('\n').slice(0, 90), await ask(...headers)]).toEqual([
        headers.join('\n').slice(0, 90),
        expected,
      ])
  })
})
