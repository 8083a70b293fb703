import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryCache } from '../../../src/cache/memory.ts'
import { home } from '../../../src/features/home/routes.ts'
import type { AppEnv } from '../../../src/http/context.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { insertPost, insertUser } from '../../support/factories.ts'

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

describe('GET /', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await createTestApp({ services: { cache: memoryCache({ threshold: 0 }) } })
    const { id } = await insertUser(app.sql)
    for (let n = 0; n < 3; n++) await insertPost(app.sql, { author_id: id })
  })
  afterAll(() => app.close())
  const ask = (accept?: string, init: RequestInit = {}) =>
    app.request('/', { ...init, headers: { ...init.headers, ...(accept && { Accept: accept }) } })

  it.each([
    [undefined, 'json'],
    ['*/*', 'json'],
    ['application/json', 'json'],
    ['application/json, text/html', 'json'],
    ['image/png', 'json'],
    ['text/html;q=0, */*', 'json'],
    ['text/html;q=0.2, application/json;q=0.3', 'json'],
    [`${','.repeat(10_000)}text/html`, 'json'],
    ['text/html', 'html'],
    ['text/*', 'html'],
    [browser, 'html'],
  ])('answers to Accept: %.80s in %s', async (accept, type) => {
    const response = await ask(accept)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain(type)
    expect(response.headers.get('vary')).toBe('Accept, Accept-Encoding')
  })

  it('tells machines where everything is, and every place answers', async () => {
    const about = (await (await ask()).json()) as Record<string, string> & { links: object }
    expect(about).toMatchObject({ name: 'Shopboard', version: expect.stringMatching(/^\d/) })
    const places = [about.documentation, about.openapi, ...Object.values(about.links)]
    for (const place of places)
      expect((await app.request(`${place}`)).status, String(place)).toBe(200)
  })

  it('tells people the numbers, and leads on', async () => {
    const page = await (await ask(browser)).text()
    expect(page).toMatch(/<dt>Users<\/dt><dd>1<\/dd>/)
    expect(page).toMatch(/<dt>Posts<\/dt><dd>3<\/dd>/)
    const places = [...page.matchAll(/href="(\/[^"]*)"/g)].map(([, place]) => place)
    expect(places).toContain('/docs')
    for (const place of places) expect((await app.request(`${place}`)).status, place).toBe(200)
  })

  it('takes the numbers from the entry of the statistics', async () => {
    await app.request('/api/v1/dashboard/stats')
    const before = app.pool.stats().acquired
    const response = await ask(browser)
    expect(response.headers.get('server-timing')).toContain('cache;desc=hit')
    expect(app.pool.stats().acquired).toBe(before)
  })

  it('is not sent again while the numbers are the same', async () => {
    const etag = (await ask(browser)).headers.get('etag') ?? ''
    const again = await ask(browser, { headers: { 'If-None-Match': etag } })
    expect(again.status).toBe(304)
    const json = await ask(undefined, { headers: { 'If-None-Match': etag } })
    expect(json.status).toBe(200)
  })

  it('is asked for by HEAD as by GET', async () => {
    const [get, head] = [await ask(browser), await ask(browser, { method: 'HEAD' })]
    expect(await head.text()).toBe('')
    for (const name of ['etag', 'content-type', 'content-security-policy', 'vary'])
      expect(head.headers.get(name), name).toBe(get.headers.get(name))
  })

  it('escapes what a client can write into it', async () => {
    const response = await app.app.fetch(
      new Request('http://x/', { headers: { Accept: browser, Host: '"><script>' } }),
    )
    expect(await response.text()).not.toContain('<script')
  })

  it.each(['/favicon.ico', '/favicon.svg'])('has a picture: %s', async (path) => {
    const response = await app.request(path)
    expect(response.headers.get('content-type')).toBe('image/svg+xml')
    expect(await response.text()).toMatch(/^<svg /)
  })
})

describe('GET / while the database', () => {
  it('is away tells people so', async () => {
    const app = await createTestApp({ url: 'postgres://nobody:nothing@127.0.0.1:1/none' })
    const response = await app.request('/', { headers: { Accept: browser } })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('The database does not answer')
    expect(app.observed.map(({ type }) => type)).not.toContain('error')
    await app.pool.close()
    const events = app.observed.flatMap((each) => (each.type === 'database' ? [each.event] : []))
    expect(events.map(({ type }) => type)).not.toContain('end_failed')
    await app.close()
  })

  it('is known to be away does not ask it', async () => {
    const app = await createTestApp({ services: { isReady: () => false } })
    const response = await app.request('/', { headers: { Accept: browser } })
    expect(await response.text()).toContain('The database does not answer')
    expect(app.pool.stats().acquired).toBe(0)
    await app.close()
  })

  it('answers with a fault of ours hides nothing', async () => {
    const app = await createTestApp()
    const broken = new Hono<AppEnv>().route(
      '/',
      home(() => Promise.reject(new Error('a bug'))),
    )
    app.app.route('/broken', broken)
    const response = await app.request('/broken', { headers: { Accept: browser } })
    expect(response.status).toBe(500)
    await app.close()
  })
})
