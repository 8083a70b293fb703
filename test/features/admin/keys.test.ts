import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hashOf, isKey } from '../../../src/auth/key.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { postJson } from '../../support/failure-routes.ts'
import { insertKey } from '../../support/keys.ts'

const path = '/api/v1/admin/keys'
let app: TestApp
let forgotten = 0
beforeAll(async () => {
  app = await createTestApp({
    services: {
      callerOf: () => ({ actor: 'key:7', scopes: ['admin'] }),
      forgetCallers: () => {
        forgotten += 1
      },
    },
  })
})
afterAll(() => app.close())

const make = (body: unknown, init: RequestInit = {}) => {
  const { headers, ...posted } = postJson(body)
  return app.request(path, { ...posted, headers: { ...headers, ...init.headers } })
}
const remove = (id: number | string) => app.request(`${path}/${id}`, { method: 'DELETE' })
const count = async () => (await app.sql`select from shopboard.keys`).length

describe('POST /api/v1/admin/keys', () => {
  it('makes a key and shows it, and stores what tells nobody what it is', async () => {
    const response = await make({
      name: 'dashboard',
      scopes: ['write', 'read', 'read'],
      expiresAt: '2999-01-01',
    })
    expect(response.status).toBe(201)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const { id, key, ...made } = await response.json()
    expect(isKey(key)).toBe(true)
    expect(made).toEqual({
      name: 'dashboard',
      prefix: key.slice(0, 11),
      scopes: ['read', 'write'],
      createdAt: expect.stringMatching(/Z$/),
      createdBy: 'key:7',
      expiresAt: '2999-01-01T00:00:00.000000Z',
      revokedAt: null,
      lastUsedAt: null,
    })
    const [stored] =
      await app.sql`select encode(hash, 'hex') as hash from shopboard.keys where id = ${id}`
    expect(stored?.hash).toBe(hashOf(key))
  })

  it('leaves an audit row that has neither the key nor its hash', async () => {
    const response = await make(
      { name: 'audited', scopes: ['read'] },
      { headers: { 'X-Request-Id': 'made' } },
    )
    const { id, prefix } = await response.json()
    const rows = await app.sql`
      select actor, action, request_id, old, new from shopboard.audit_log where table_name = 'keys' and row_id = ${id}`
    expect(rows).toEqual([
      {
        actor: 'key:7',
        action: 'create',
        request_id: 'made',
        old: null,
        new: { name: 'audited', prefix, scopes: ['read'], expiresAt: null },
      },
    ])
  })

  it('writes the key itself down nowhere, also where its answer is kept', async () => {
    const headers = { 'Idempotency-Key': 'once' }
    const { key } = await (await make({ name: 'kept', scopes: ['read'] }, { headers })).json()
    expect(isKey(key)).toBe(true)
    const tables = await app.sql<{ name: string }[]>`
      select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'shopboard'`
    for (const { name } of tables) {
      const found = await app.sql.unsafe(
        `select from ${name} as one where one::text like '%${key}%'`,
      )
      expect([name, found.length]).toEqual([name, 0])
    }
  })

  it.each([
    ['no name', { scopes: ['read'] }, 'name'],
    ['an empty name', { name: '', scopes: ['read'] }, 'name'],
    ['a name with NUL', { name: 'a\u0000', scopes: ['read'] }, 'name'],
    ['a name too long', { name: 'a'.repeat(201), scopes: ['read'] }, 'name'],
    ['no scope', { name: 'a', scopes: [] }, 'scopes'],
    ['an unknown scope', { name: 'a', scopes: ['root'] }, 'scopes.0'],
    ['an instant gone by', { name: 'a', scopes: ['read'], expiresAt: '2020-01-01' }, 'expiresAt'],
    ['no instant', { name: 'a', scopes: ['read'], expiresAt: 'infinity' }, 'expiresAt'],
    ['a key of its own', { name: 'a', scopes: ['read'], key: 'sb_mine' }, 'key'],
  ])('refuses %s', async (_, body, fault) => {
    const before = await count()
    const response = await make(body)
    expect(response.status).toBe(400)
    const { errors } = await response.json()
    expect(errors.map((each: { path: string }) => each.path)).toEqual([fault])
    expect(await count()).toBe(before)
  })
})

describe('DELETE /api/v1/admin/keys/:id', () => {
  it('revokes a key once, forgets who it let in, and says so in the audit log', async () => {
    const { id } = await insertKey(app.sql)
    forgotten = 0
    expect((await remove(id)).status).toBe(204)
    expect(forgotten).toBe(1)
    expect((await remove(id)).status).toBe(404)
    const rows = await app.sql`
      select action, old, new from shopboard.audit_log where table_name = 'keys' and row_id = ${id}`
    expect(rows).toEqual([
      {
        action: 'delete',
        old: { revokedAt: null },
        new: { revokedAt: expect.stringMatching(/Z$/) },
      },
    ])
  })

  it.each([
    ['0', 404],
    ['-1', 404],
    ['9007199254740991', 404],
    ['9223372036854775808', 400],
    ['sb_1', 400],
  ])('knows no key %s', async (id, status) => {
    expect((await remove(id)).status).toBe(status)
  })
})

describe('GET /api/v1/admin/keys', () => {
  it('goes through all keys by cursor, the newest first, each once', async () => {
    for (let i = 0; i < 3; i++) await insertKey(app.sql)
    const ids: number[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const response = await app.request(`${path}?pageSize=2${cursor && `&cursor=${cursor}`}`)
      expect(response.headers.get('cache-control')).toBe('no-store')
      const { items, metadata } = await response.json()
      ids.push(...items.map(({ id }: { id: number }) => id))
      expect(metadata.hasNext).toBe(metadata.nextCursor !== null)
      cursor = metadata.nextCursor
    }
    const all = await app.sql<{ id: number }[]>`select id::int from shopboard.keys order by id desc`
    expect(ids).toEqual(all.map(({ id }) => id))
  })

  it('refuses a cursor that is not its own', async () => {
    expect((await app.request(`${path}?cursor=altered`)).status).toBe(400)
    const users = await app.request('/api/v1/users?cursor=altered')
    expect(users.status).toBe(400)
  })
})
