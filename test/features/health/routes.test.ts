import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'

describe.each(['/livez', '/readyz'])('GET %s', (path) => {
  it('is never stored, and causes no query', async () => {
    const app = await createTestApp()
    const response = await app.request(path)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(app.pool.stats().acquired).toBe(0)
    await app.close()
  })

  it(`answers ${path === '/livez' ? 200 : 503} while the database is known to be away`, async () => {
    const app = await createTestApp({ services: { isReady: () => false } })
    expect((await app.request(path)).status).toBe(path === '/livez' ? 200 : 503)
    await app.close()
  })
})

describe('GET /livez', () => {
  it('names the runtime', async () => {
    const app = await createTestApp({ services: { runtime: 'workerd' } })
    expect(await (await app.request('/livez')).json()).toEqual({ status: 'ok', runtime: 'workerd' })
    await app.close()
  })
})
