import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestApp, type TestApp } from '../../support/app.ts'

describe('POST /api/v1/posts/:id/view', () => {
  const counted: number[] = []
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp({ services: { countView: (_, postId) => counted.push(postId) } })
  })
  afterAll(() => app.close())
  const view = (id: string, query = '') =>
    app.request(`/api/v1/posts/${id}/view${query}`, { method: 'POST' })

  it('is answered at once, and takes no connection', async () => {
    const { status, headers } = await view('42')
    expect(status).toBe(202)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(counted).toEqual([42])
    expect(app.pool.stats().acquired).toBe(0)
  })

  it.each(['x', '1.5', '9223372036854775808', '1e3'])('refuses the id %j', async (id) => {
    counted.length = 0
    expect((await view(id)).status).toBe(400)
    expect(counted).toEqual([])
  })

  it('takes no parameters', async () => {
    expect((await view('1', '?by=me')).status).toBe(400)
  })
})
