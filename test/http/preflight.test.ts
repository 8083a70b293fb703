import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corsOf } from '../../src/http/cors.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

const mine = 'https://app.example'
const feed = '/api/v1/activity'

async function asked(app: TestApp, path: string, headers: Record<string, string> = {}) {
  const response = await app.request(path, {
    method: 'OPTIONS',
    headers: {
      Origin: mine,
      'Access-Control-Request-Method': 'GET',
      'Access-Control-Request-Headers': 'if-none-match,x-request-id',
      ...headers,
    },
  })
  const get = (name: string) => response.headers.get(name)
  return { status: response.status, get }
}

describe('a preflight', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp({ services: { cors: corsOf([mine]) } })
  })
  afterAll(() => app.close())

  it('is told the methods of the path, the headers, and for how long', async () => {
    const { status, get } = await asked(app, feed)
    expect(status).toBe(204)
    expect(get('access-control-allow-origin')).toBe(mine)
    expect(get('access-control-allow-methods')?.split(',')).toEqual(['GET', 'HEAD', 'OPTIONS'])
    const headers = get('access-control-allow-headers')?.toLowerCase().split(',')
    expect(headers).toEqual(expect.arrayContaining(['if-none-match', 'authorization']))
    expect(Number(get('access-control-max-age'))).toBeGreaterThan(0)
    expect(get('access-control-allow-credentials')).toBeNull()
    expect(get('x-request-id')).toBeTruthy()
    expect(get('vary')?.match(/origin/gi)).toHaveLength(1)
  })

  it('passes where there is no route, so that the page can read the 404', async () => {
    const { status, get } = await asked(app, '/nothing')
    expect([status, get('access-control-allow-origin')]).toEqual([204, mine])
  })

  it('tells another origin nothing', async () => {
    const { get } = await asked(app, feed, { Origin: 'https://evil.example' })
    expect(get('access-control-allow-origin')).toBeNull()
    expect(get('vary')).toContain('Origin')
  })

  it('takes no connection', async () => {
    const before = app.pool.stats().acquired
    await asked(app, feed)
    expect(app.pool.stats().acquired).toBe(before)
  })

  it('is an OPTIONS of its own kind: any other gets the methods alone', async () => {
    const response = await app.request(feed, { method: 'OPTIONS', headers: { Origin: mine } })
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(response.headers.get('access-control-allow-methods')).toBeNull()
  })
})

describe('a preflight of a server that names no origin', () => {
  it('is answered as any OPTIONS', async () => {
    const app = await createTestApp()
    const { status, get } = await asked(app, feed)
    expect(status).toBe(204)
    expect(get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(get('access-control-allow-origin')).toBeNull()
    await app.close()
  })
})
