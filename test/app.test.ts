import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from './support/app.ts'
import { startProxy } from './support/proxy.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app.close())

const feed = '/api/v1/activity'
const acquired = () => app.pool.stats().acquired
const problemOf = async (response: Response) => {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  return (await response.json()) as {
    code: string
    requestId: string
    errors?: { path: string; message: string }[]
  }
}

describe('every response', () => {
  it.each([
    ['an answer', feed, 200],
    ['a fault of the client', `${feed}?pageSize=0`, 400],
    ['an unknown path', '/nowhere', 404],
    ['the contract', '/openapi.json', 200],
    ['the reference', '/docs', 200],
    ['health', '/livez', 200],
  ])('carries the common headers: %s', async (_, path, status) => {
    const response = await app.request(path)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
    expect(response.headers.get('server-timing')).toMatch(/^total;dur=[\d.]+/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('a path that exists', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'refuses %s and says what is allowed',
    async (method) => {
      const response = await app.request(feed, { method })
      expect(response.status).toBe(405)
      expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
      expect(await problemOf(response)).toMatchObject({ code: 'method_not_allowed' })
    },
  )

  it('answers OPTIONS with what is allowed', async () => {
    const response = await app.request(feed, { method: 'OPTIONS' })
    expect(response.status).toBe(204)
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect((await app.request('/nowhere', { method: 'OPTIONS' })).status).toBe(404)
  })

  it.each([feed, '/livez', '/openapi.json', '/docs'])(
    'answers HEAD as GET without a body: %s',
    async (path) => {
      const get = await app.request(path)
      const head = await app.request(path, { method: 'HEAD' })
      expect(head.status).toBe(get.status)
      expect(head.headers.get('etag')).toBe(get.headers.get('etag'))
      expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'))
      expect(await head.text()).toBe('')
    },
  )
})

describe('bad input', () => {
  it.each([
    ['an unknown parameter', 'pagesize=5', 'pagesize', 'is not a parameter here'],
    ['a parameter given twice', 'page=1&page=2', 'page', 'must be given once'],
    ['a NUL', 'authorId=%00', 'authorId', 'must not contain a NUL character'],
    ['a cut percent encoding', 'kind=%E0%A4%A', 'kind', 'is not valid percent-encoded UTF-8'],
    ['an endless URL', `kind=${'x'.repeat(9000)}`, 'url', 'at most 8192 characters'],
  ])('is refused without a connection: %s', async (_, query, path, message) => {
    const before = acquired()
    const response = await app.request(`${feed}?${query}`)
    expect(response.status).toBe(400)
    const problem = await problemOf(response)
    expect(problem.code).toBe('validation_failed')
    expect(problem.errors).toContainEqual({ path, message })
    expect(acquired()).toBe(before)
  })

  it('is told with all its faults at once', async () => {
    const response = await app.request(`${feed}?page=0&pageSize=1000&authorId=me&colour=red`)
    const { errors = [] } = await problemOf(response)
    expect(errors.map(({ path }) => path).toSorted()).toEqual([
      'authorId',
      'colour',
      'page',
      'pageSize',
    ])
  })

  it('is refused by every route that reads', async () => {
    for (const path of ['stats', 'active-users', 'trends'].map(
      (name) => `/api/v1/dashboard/${name}`,
    )) {
      const response = await app.request(`${path}?colour=red`)
      expect(response.status, path).toBe(400)
      expect((await problemOf(response)).errors).toContainEqual({
        path: 'colour',
        message: 'is not a parameter here',
      })
    }
  })
})

describe('a read of one statement', () => {
  it.each([
    [feed],
    [`${feed}?kind=comment&authorId=1&pageSize=5`],
    ['/api/v1/dashboard/stats'],
    ['/api/v1/dashboard/trends?interval=day'],
    ['/api/v1/dashboard/active-users?from=2026-01-01&to=2026-01-31'],
  ])('begins, asks and commits in one round trip: %s', async (path) => {
    const proxy = await startProxy(app.url)
    const behind = await createTestApp({
      url: proxy.url,
      pool: { size: 1, applicationName: 'behind' },
    })
    const isIdle = () => app.sql`
      select from pg_stat_activity
      where datname = current_database() and application_name = 'behind' and state = 'idle'`
    expect((await behind.request(path)).status).toBe(200)
    proxy.roundTrips = 0
    for (let asked = 1; asked <= 3; asked++) {
      await behind.request(path)
      await expect.poll(isIdle).toHaveLength(1)
      expect(proxy.roundTrips).toBe(asked)
    }
    await behind.close()
    await proxy.close()
  })
})
