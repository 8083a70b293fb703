import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryCache } from '../../src/cache/memory.ts'
import { corsOf } from '../../src/http/cors.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

const mine = 'https://app.example'
const feed = '/api/v1/activity'

async function answering(app: TestApp, path: string, headers: Record<string, string>) {
  const response = await app.request(path, { headers })
  return {
    status: response.status,
    allowed: response.headers.get('access-control-allow-origin'),
    exposed: response.headers.get('access-control-expose-headers'),
    vary: response.headers.get('vary'),
    etag: response.headers.get('etag') ?? '',
  }
}

describe('the answer to a page of another origin', () => {
  let app: TestApp
  beforeAll(async () => {
    const services = {
      cors: corsOf([mine, 'http://localhost:5173']),
      cache: memoryCache({ threshold: 0 }),
    }
    app = await createTestApp({ services })
  })
  afterAll(() => app.close())

  it.each([
    ['that is fine', feed, 200],
    ['that is cached', feed, 200],
    ['that says what is wrong', `${feed}?pageSize=x`, 400],
    ['that says there is nothing', '/nothing', 404],
    ['to a malformed URL', '/%', 400],
    ['with another path', `${feed}/`, 308],
    ['of health', '/livez', 200],
    ['of the contract', '/openapi.json', 200],
  ])('lets it read one %s', async (_, path, status) => {
    const answer = await answering(app, path, { Origin: mine })
    expect(answer).toMatchObject({ status, allowed: mine })
    expect(answer.vary?.split(', ')).toContain('Origin')
    for (const name of [
      'Link',
      'ETag',
      'Location',
      'Idempotency-Replayed',
      'X-Request-Id',
      'Server-Timing',
      'Retry-After',
    ])
      expect(answer.exposed?.split(', ')).toContain(name)
  })

  it('lets it read that a method is not allowed', async () => {
    const response = await app.request(feed, { method: 'PUT', headers: { Origin: mine } })
    expect(response.status).toBe(405)
    expect(response.headers.get('access-control-allow-origin')).toBe(mine)
  })

  it('lets it read that nothing changed', async () => {
    const { etag } = await answering(app, feed, { Origin: mine })
    const answer = await answering(app, feed, { Origin: mine, 'If-None-Match': etag })
    expect(answer).toMatchObject({ status: 304, allowed: mine })
    expect(answer.vary).toContain('Origin')
  })

  it.each([
    'https://evil.example',
    'http://app.example',
    'https://app.example:8443',
    'https://app.example.evil.example',
    'HTTPS://APP.EXAMPLE',
    'null',
    '*',
    '',
  ])('keeps it from the origin "%s", and says that others may get another', async (origin) => {
    const answer = await answering(app, feed, { Origin: origin })
    expect(answer).toMatchObject({ status: 200, allowed: null, exposed: null })
    expect(answer.vary).toContain('Origin')
  })

  it('varies by origin also where none was sent', async () => {
    expect((await answering(app, feed, {})).vary).toContain('Origin')
    expect((await answering(app, '/nothing', {})).vary).toContain('Origin')
  })
})

describe('the answers of a server open to all origins', () => {
  it('say so to anyone, and do not vary by origin', async () => {
    const app = await createTestApp({ services: { cors: corsOf(['*']) } })
    for (const headers of [{ Origin: 'null' }, { Origin: mine }, {}] as const) {
      const answer = await answering(app, feed, { ...headers })
      expect(answer).toMatchObject({ status: 200, allowed: '*' })
      expect(answer.vary ?? '').not.toContain('Origin')
    }
    await app.close()
  })
})

describe('the answers of a server that names no origin', () => {
  it('say nothing of origins', async () => {
    const app = await createTestApp()
    const answer = await answering(app, feed, { Origin: mine })
    expect(answer).toMatchObject({ status: 200, allowed: null, exposed: null })
    expect(answer.vary ?? '').not.toContain('Origin')
    await app.close()
  })
})
