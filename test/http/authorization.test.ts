import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authenticator } from '../../src/auth/authenticator.ts'
import { type Scope, scopes } from '../../src/auth/caller.ts'
import { newKey } from '../../src/auth/key.ts'
import type { Pool } from '../../src/db/database.ts'
import { scopesOf } from '../../src/http/security.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { insertKey, withKey } from '../support/keys.ts'
import { openTestPool } from '../support/pool.ts'

/** What a caller shows, and what he may. */
type Shown = { readonly authorization?: string; readonly scopes?: readonly Scope[] }

const hour = 3_600_000
let database: TestDatabase
let keysPool: Pool
let test: TestApp
const shown = new Map<string, Shown>()

beforeAll(async () => {
  database = await createTestDatabase()
  keysPool = openTestPool(database.url)
  const known = authenticator({ lifetime: hour, deadline: hour, onUseFailed: () => {} })
  const lookUp = {
    pool: keysPool,
    inBackground: (work: (pool: Pool) => unknown) => void work(keysPool),
  }
  test = await createTestApp({
    url: database.url,
    services: {
      isOpen: false,
      callerOf: (c) => known.callerOf(c.req.header('authorization'), lookUp),
    },
  })
  const make = async (row: Parameters<typeof insertKey>[1]) =>
    (await insertKey(database.sql, row)).authorization
  const key = newKey().key
  shown.set('no key', {})
  shown.set('a wrong key', { authorization: `Bearer ${key}` })
  shown.set('a malformed key', { authorization: `Bearer ${key.slice(0, -1)}` })
  shown.set('an expired key', {
    authorization: await make({ scopes: ['admin'], expires_at: 'yesterday' }),
  })
  shown.set('a revoked key', {
    authorization: await make({ scopes: ['admin'], revoked_at: 'yesterday' }),
  })
  for (const own of [['read'], ['write'], ['read', 'write'], ['admin']] as const)
    shown.set(own.join('+'), { authorization: await make({ scopes: [...own] }), scopes: own })
})
afterAll(async () => {
  await test.close()
  await keysPool.close()
  await database.drop()
})

const callers = [
  'no key',
  'a wrong key',
  'a malformed key',
  'an expired key',
  'a revoked key',
  'read',
  'write',
  'read+write',
  'admin',
]

/** What the routes of the app answer to, as Hono knows them. */
async function routeTable() {
  const app = await createTestApp({ url: 'postgres://nobody@127.0.0.1:1/none' })
  const routes = app.app.routes.filter(
    ({ method, path }) => method !== 'ALL' && path.startsWith('/api/'),
  )
  const names = new Set(routes.map(({ method, path }) => `${method} ${path}`))
  const isForAll = app.app.routes.filter(
    ({ method, path }) => method === 'ALL' && path.startsWith('/api') && path !== '/api/*',
  )
  const declared = scopesOf(app.app)
  await app.close()
  return { names: [...names].toSorted(), declared, isForAll }
}
const { names, declared, isForAll } = await routeTable()

describe('the route table', () => {
  it('has a scope for every route under /api', () => {
    expect(names.length).toBeGreaterThan(15)
    expect(names.filter((name) => !declared.has(name))).toEqual([])
    expect(isForAll).toEqual([])
  })

  it('has no route for reading that takes more than it has to, nor one for writing that takes less', () => {
    for (const name of names) {
      const isAdmin = /\/(admin|health)\b/.test(name)
      // an export is a long way to read
      const isReading = name.startsWith('GET ') || name.includes('/exports')
      const scope = isAdmin ? 'admin' : isReading ? 'read' : 'write'
      expect([name, declared.get(name)]).toEqual([name, scope])
    }
  })
})

describe.each(names)('%s', (name) => {
  const [method = '', pattern = ''] = name.split(' ')
  const path = pattern.replaceAll(/:\w+(\{.*?\})?/g, '1')

  it.each(callers)('is answered to %s as the key allows', async (caller) => {
    const { authorization, scopes: own = [] } = shown.get(caller) ?? {}
    const before = test.pool.stats().acquired
    const init = authorization === undefined ? { method } : withKey(authorization, { method })
    const response = await test.request(path, init)
    const needed = declared.get(name) ?? 'admin'
    const isLetIn = own.includes(needed) || own.includes('admin')
    if (isLetIn) {
      expect([401, 403]).not.toContain(response.status)
      return
    }
    const challenge =
      own.length > 0
        ? `Bearer error="insufficient_scope", scope="${needed}"`
        : caller === 'no key'
          ? 'Bearer'
          : 'Bearer error="invalid_token"'
    expect(response.status).toBe(own.length > 0 ? 403 : 401)
    expect(response.headers.get('www-authenticate')).toBe(challenge)
    expect(await response.json()).toMatchObject({
      code: own.length > 0 ? 'forbidden' : 'unauthenticated',
    })
    expect(test.pool.stats().acquired).toBe(before)
  })
})

describe('what is not under /api', () => {
  it.each(['/livez', '/readyz', '/openapi.json', '/docs', '/problems', '/problems/timeout', '/'])(
    'is open, and asks nothing of the database: %s',
    async (path) => {
      const before = [test.pool, keysPool].map((pool) => pool.stats().acquired)
      for (const headers of [
        {},
        { Authorization: `Bearer ${newKey().key}` },
        { Accept: 'text/html' },
      ])
        expect((await test.request(path, { headers })).status).toBe(200)
      expect([test.pool, keysPool].map((pool) => pool.stats().acquired)).toEqual(before)
    },
  )
})

describe('a request without a key', () => {
  it.each([
    ['HEAD', '/api/v1/users'],
    ['PUT', '/api/v1/users'],
    ['GET', '/api/v1/nothing'],
    ['GET', '/api'],
    ['GET', '/api/'],
    ['GET', '/api/v1/users/'],
    ['GET', '/api/v1/users?pageSize=0'],
    ['GET', '/%61pi/v1/users'],
    ['GET', '/api/v1/%75sers'],
    ['GET', '/api/v1/../v1/users'],
    ['GET', '/api/v1/./users'],
    ['GET', '/api//v1/users'],
    ['POST', '/api/v1/users'],
  ])('is turned away: %s %s', async (method, path) => {
    expect((await test.request(path, { method })).status).toBe(401)
  })

  it.each(['//api/v1/users', '/API/v1/users', '/api%2Fv1/users', '/;/api/v1/users'])(
    'reaches no row by a path that is none: %s',
    async (path) => {
      const before = test.pool.stats().acquired
      const { status } = await test.request(path)
      expect([401, 404]).toContain(status)
      expect(test.pool.stats().acquired).toBe(before)
    },
  )

  it('is told what a path answers to, as a browser asks it before it sends a key', async () => {
    const response = await test.request('/api/v1/users', { method: 'OPTIONS' })
    expect(response.status).toBe(204)
    expect(response.headers.get('allow')).toContain('GET')
  })
})

describe('a key', () => {
  it.each(['?key=', '?access_token=', '?api_key=', '?token='])(
    'is none in the query: %s',
    async (query) => {
      const { key } = await insertKey(database.sql)
      expect((await test.request(`/api/v1/users${query}${key}`)).status).toBe(401)
    },
  )

  it.each(['X-Api-Key', 'Cookie', 'Proxy-Authorization'])('is none in %s', async (name) => {
    const { authorization } = await insertKey(database.sql)
    expect(
      (await test.request('/api/v1/users', { headers: { [name]: authorization } })).status,
    ).toBe(401)
  })

  it('changes no method by a header', async () => {
    const { authorization } = await insertKey(database.sql)
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      const headers = { [name]: 'GET' }
      const { status } = await test.request(
        '/api/v1/users/1',
        withKey(authorization, { method: 'DELETE', headers }),
      )
      expect([403, 405]).toContain(status)
    }
  })

  it('of every scope is told what is not there', async () => {
    for (const scope of scopes) {
      const { authorization } = await insertKey(database.sql, { scopes: [scope] })
      expect((await test.request('/api/v1/nothing', withKey(authorization))).status).toBe(404)
      expect(
        (await test.request('/api/v1/search', withKey(authorization, { method: 'PUT' }))).status,
      ).toBe(405)
    }
  })
})
