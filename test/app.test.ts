import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from './support/app.ts'
import { insertPost } from './support/factories.ts'

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
const etagOf = (response: Response) => {
  const etag = response.headers.get('etag')
  if (!etag) throw new Error('no ETag')
  return etag
}

describe('every response', () => {
  it.each([
    ['an answer', feed, 200],
    ['a fault of the client', `${feed}?pageSize=0`, 400],
    ['an unknown path', '/nowhere', 404],
    ['the contract', '/openapi.json', 200],
    ['the reference', '/docs', 200],
    ['health', '/livez', 200],
  ])('carries the standing headers: %s', async (_, path, status) => {
    const response = await app.request(path)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
    expect(response.headers.get('server-timing')).toMatch(/^total;dur=[\d.]+/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('echoes a request id the client gave, also in the problem', async () => {
    const headers = { 'X-Request-Id': 'checkout-42' }
    const found = await app.request(feed, { headers })
    const missed = await app.request('/nowhere', { headers })
    expect(found.headers.get('x-request-id')).toBe('checkout-42')
    expect(await problemOf(missed)).toMatchObject({ code: 'not_found', requestId: 'checkout-42' })
  })

  it.each([
    ['too long', 'x'.repeat(129)],
    ['with a space', 'a b'],
    ['with a quote', 'a"b'],
  ])('makes an id of its own where the given one is %s', async (_, id) => {
    const response = await app.request(feed, { headers: { 'X-Request-Id': id } })
    expect(response.headers.get('x-request-id')).not.toBe(id)
  })

  it('says where the time went', async () => {
    const response = await app.request(feed)
    expect(response.headers.get('server-timing')).toMatch(
      /^total;dur=[\d.]+, pool;dur=[\d.]+, db;dur=[\d.]+$/,
    )
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

describe('a read', () => {
  it('is not sent again while nothing but its time changed', async () => {
    const first = await app.request('/api/v1/dashboard/stats')
    const etag = etagOf(first)
    const again = await app.request('/api/v1/dashboard/stats', {
      headers: { 'If-None-Match': etag },
    })
    expect(again.status).toBe(304)
    expect(await again.text()).toBe('')
    expect(etagOf(again)).toBe(etag)
    expect(again.headers.get('x-request-id')).toBeTruthy()
    expect(again.headers.get('server-timing')).toContain('db;dur=')
    expect(again.headers.get('cache-control')).toBe('private, no-cache')
  })

  it.each([
    ['any', () => '*'],
    ['strong', (etag: string) => etag.replace('W/', '')],
    ['in a list', (etag: string) => `"other", ${etag}`],
  ])('compares the tags a client has weakly: %s', async (_, given) => {
    const etag = etagOf(await app.request(feed))
    const response = await app.request(feed, { headers: { 'If-None-Match': given(etag) } })
    expect(response.status).toBe(304)
    expect(response.headers.get('link')).toContain('rel="first"')
  })

  it('is sent again once something changed', async () => {
    const etag = etagOf(await app.request(feed))
    await insertPost(app.sql)
    const response = await app.request(feed, { headers: { 'If-None-Match': etag } })
    expect(response.status).toBe(200)
    expect(etagOf(response)).not.toBe(etag)
  })
})

describe('health', () => {
  it('says which runtime lives, and causes no query', async () => {
    const before = acquired()
    expect(await (await app.request('/livez')).json()).toEqual({ status: 'ok', runtime: 'node' })
    expect(await (await app.request('/readyz')).json()).toEqual({ status: 'ready' })
    expect(acquired()).toBe(before)
  })

  it('is not ready while the database is known to be away', async () => {
    const away = await createTestApp({ services: { isReady: () => false } })
    const response = await away.request('/readyz')
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('2')
    expect(await problemOf(response)).toMatchObject({ code: 'database_unavailable' })
    await away.close()
  })
})

describe('the contract', () => {
  it('is OpenAPI 3.1 with every route and its failures', async () => {
    const document = (await (await app.request('/openapi.json')).json()) as {
      openapi: string
      paths: Record<string, { get: { responses: Record<string, object> } }>
    }
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/livez',
        '/readyz',
        '/api/v1/activity',
        '/api/v1/dashboard/stats',
        '/api/v1/dashboard/active-users',
        '/api/v1/dashboard/trends',
      ]),
    )
    const { responses } = document.paths['/api/v1/activity']?.get ?? { responses: {} }
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '400', '503', '504']))
    expect(responses['400']).toMatchObject({ content: { 'application/problem+json': {} } })
  })
})

describe('observing', () => {
  it('tells of each request once it is answered', async () => {
    await app.request('/livez', { headers: { 'X-Request-Id': 'seen' } })
    expect(app.observed).toContainEqual({
      type: 'request',
      requestId: 'seen',
      method: 'GET',
      path: '/livez',
      status: 200,
      duration: expect.any(Number),
    })
  })

  it('tells of a failure with its cause, which the client does not see', async () => {
    const broken = await createTestApp()
    await broken.sql`drop schema rollup cascade`
    const response = await broken.request('/api/v1/dashboard/stats')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toMatch(/rollup/)
    const told = broken.observed.find(({ type }) => type === 'error')
    expect(told).toMatchObject({ status: 500, path: '/api/v1/dashboard/stats' })
    expect(String(told?.type === 'error' && told.error)).toMatch(/rollup/)
    await broken.close()
  })
})
