import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { strictTransport } from '../../src/http/secure-headers.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app.close())

const feed = '/api/v1/activity'

describe('a request id', () => {
  it('is the one the client gave, also in the problem', async () => {
    const headers = { 'X-Request-Id': 'checkout-42' }
    const found = await app.request(feed, { headers })
    const missed = await app.request('/nowhere', { headers })
    expect(found.headers.get('x-request-id')).toBe('checkout-42')
    expect(missed.headers.get('content-type')).toBe('application/problem+json')
    expect(await missed.json()).toMatchObject({ code: 'not_found', requestId: 'checkout-42' })
  })

  it.each([
    ['too long', 'x'.repeat(129)],
    ['with a space', 'a b'],
    ['with a quote', 'a"b'],
  ])('is made where the given one is %s', async (_, id) => {
    const response = await app.request(feed, { headers: { 'X-Request-Id': id } })
    expect(response.headers.get('x-request-id')).not.toBe(id)
  })
})

describe('Strict-Transport-Security', () => {
  it('is sent where the server is reached over TLS alone', async () => {
    expect((await app.request(feed)).headers.get('strict-transport-security')).toBeNull()
    const services = { strictTransport: strictTransport(31_536_000) }
    const other = await createTestApp({ url: app.url, services })
    for (const path of ['/livez', '/nowhere', feed]) {
      const { headers } = await other.request(path)
      expect(headers.get('strict-transport-security'), path).toBe('max-age=31536000')
    }
    await other.close()
  })
})

describe('Server-Timing', () => {
  it('says where the time went', async () => {
    const response = await app.request(feed)
    expect(response.headers.get('server-timing')).toMatch(
      /^total;dur=[\d.]+, pool;dur=[\d.]+, db;dur=[\d.]+$/,
    )
  })
})

describe('an observation', () => {
  it('is made of each request once it is answered', async () => {
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

  it('has the address of the client, where the entry knows it', async () => {
    const addressOf = () => '203.0.113.7'
    const other = await createTestApp({ url: app.url, services: { addressOf } })
    await other.request('/livez')
    expect(other.observed).toContainEqual(expect.objectContaining({ address: '203.0.113.7' }))
    await other.close()
  })

  it('is made of a failure with its cause, which the client does not see', async () => {
    const broken = await createTestApp()
    await broken.sql`drop schema rollup cascade`
    const response = await broken.request('/api/v1/dashboard/stats')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toMatch(/rollup/)
    const observed = broken.observed.find(({ type }) => type === 'error')
    expect(observed).toMatchObject({ status: 500, path: '/api/v1/dashboard/stats' })
    expect(String(observed?.type === 'error' && observed.error)).toMatch(/rollup/)
    await broken.close()
  })
})
