import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../support/app.ts'

let app: TestApp
beforeAll(async () => {
  app = await createTestApp()
})
afterAll(() => app.close())

const acquired = () => app.pool.stats().acquired

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
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({ code: 'database_unavailable' })
    await away.close()
  })
})
