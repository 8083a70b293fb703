import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { memoryCache } from '../../src/cache/memory.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { insertPost } from '../support/factories.ts'

const path = '/api/v1/activity?pageSize=2&kind=post'
const apps: TestApp[] = []
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close()
})

async function cachedApp() {
  const cache = memoryCache({ threshold: 0 })
  const app = await createTestApp({ services: { cache } })
  apps.push(app)
  for (let i = 0; i < 5; i++) await insertPost(app.sql)
  return { ...app, cache, acquired: () => app.pool.stats().acquired }
}
const outcomeOf = (response: Response) =>
  /cache;desc=(\w+)/.exec(response.headers.get('server-timing') ?? '')?.[1]

describe('a cached read', () => {
  it('takes no connection, and says the same with the same headers', async () => {
    const { request, acquired } = await cachedApp()
    const missed = await request(path)
    const before = acquired()
    const hit = await request(path)
    expect(acquired()).toBe(before)
    expect(outcomeOf(missed)).toBe('miss')
    expect(outcomeOf(hit)).toBe('hit')
    expect(missed.headers.get('link')).toContain('rel="next"')
    for (const name of ['link', 'etag', 'content-type', 'cache-control']) {
      expect(hit.headers.get(name), name).toBe(missed.headers.get(name))
    }
    expect(await hit.text()).toBe(await missed.text())
  })

  it('answers 304 without a query', async () => {
    const { request, acquired } = await cachedApp()
    const etag = (await request(path)).headers.get('etag') ?? ''
    const before = acquired()
    const response = await request(path, { headers: { 'If-None-Match': etag } })
    expect(response.status).toBe(304)
    expect(outcomeOf(response)).toBe('hit')
    expect(response.headers.get('link')).toContain('rel="next"')
    expect(acquired()).toBe(before)
  })

  it('is asked for by HEAD as by GET', async () => {
    const { request, acquired } = await cachedApp()
    const etag = (await request(path)).headers.get('etag')
    await request(path)
    const before = acquired()
    const response = await request(path, { method: 'HEAD' })
    expect(outcomeOf(response)).toBe('hit')
    expect(response.headers.get('etag')).toBe(etag)
    expect(await response.text()).toBe('')
    expect(acquired()).toBe(before)
  })

  it('is the same in whatever order its parameters come', async () => {
    const { request } = await cachedApp()
    await request(path)
    expect(outcomeOf(await request('/api/v1/activity?kind=post&pageSize=2'))).toBe('hit')
    expect(outcomeOf(await request('/api/v1/activity?kind=post&pageSize=3'))).toBe('miss')
  })

  it('is loaded anew after a write to one of its tables', async () => {
    const { request, sql, cache } = await cachedApp()
    const old = await request(path)
    const post = await insertPost(sql)
    cache.invalidate(['posts'])
    const response = await request(path)
    expect(outcomeOf(response)).toBe('miss')
    expect(response.headers.get('etag')).not.toBe(old.headers.get('etag'))
    expect(await response.json()).toMatchObject({ items: [{ id: post.id }, {}] })
  })

  it('still refuses a bad query', async () => {
    const { request } = await cachedApp()
    await request(path)
    expect((await request(`${path}&page=x`)).status).toBe(400)
  })

  it('fails as it would without a cache, and remembers no failure', async () => {
    const { request, sql } = await cachedApp()
    await sql`alter table users rename to elsewhere`
    const failed = await request(path)
    await sql`alter table elsewhere rename to users`
    expect(failed.status).toBe(500)
    expect(failed.headers.get('content-type')).toBe('application/problem+json')
    expect(outcomeOf(await request(path))).toBe('miss')
  })

  it('tells how it went', async () => {
    const { request, observed } = await cachedApp()
    await request(path)
    await request(path)
    const outcomes = observed.flatMap((each) => (each.type === 'cache' ? [each] : []))
    expect(outcomes).toEqual([
      { type: 'cache', name: 'activity_top_post', outcome: 'miss' },
      { type: 'cache', name: 'activity_top_post', outcome: 'hit' },
    ])
  })
})

describe('a read', () => {
  const feed = '/api/v1/activity'
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp()
  })
  afterAll(() => app.close())
  const etagOf = (response: Response) => {
    const etag = response.headers.get('etag')
    if (!etag) throw new Error('no ETag')
    return etag
  }

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
