import { createServer } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { corsOf } from '../../src/http/cors.ts'
import { type Listening, listen } from '../../src/server/listen.ts'
import { useDatabase } from '../support/database.ts'
import { noBrowser, openBrowser } from './browser.ts'
import { type Site, startSite } from './site.ts'

describe.skipIf(noBrowser)(`a page of another origin, in a browser${noBrowser}`, () => {
  const database = useDatabase()
  const frontend = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end('<!doctype html><title>A frontend</title>')
  })
  let site: Site
  let overloaded: Listening
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    await new Promise<void>((resolve) => frontend.listen(0, '127.0.0.1', resolve))
    const address = frontend.address()
    const origin = `http://localhost:${typeof address === 'object' && address?.port}`
    site = await startSite({ DATABASE_URL: database.url, CORS_ORIGINS: origin })
    overloaded = await listen(() => new Response('here'), {
      host: '127.0.0.1',
      port: 0,
      cors: corsOf([origin]),
      admission: { room: () => 0, isQuick: () => false, patience: 1 },
    })
    browser = await openBrowser()
    page = await browser.newPage()
    await page.goto(origin)
  })
  afterAll(async () => {
    await browser?.close()
    site?.stop()
    await overloaded?.drain(0)
    frontend.close()
  })

  /** Runs in the page: status, headers and body as its scripts see them. */
  const asks = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
    page.evaluate(
      async (asked) => {
        const { url, ...init } = asked
        const response = await fetch(url, init)
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: await response.text(),
        }
      },
      { url, headers, method },
    )

  it('reads an answer and where the next page is', async () => {
    const { status, headers, body } = await asks(`${site.url}/api/v1/activity`)
    expect(status).toBe(200)
    expect(headers.link).toContain('rel="first"')
    expect(headers['x-request-id']).toBeTruthy()
    expect(headers['server-timing']).toContain('db;dur=')
    expect(JSON.parse(body)).toMatchObject({ items: [] })
  })

  it('measures where the time went', async () => {
    const timed = await page.evaluate(async (url) => {
      const measured = new Promise<string>((resolve) =>
        new PerformanceObserver((list) => {
          const [entry] = list.getEntriesByName(url)
          if (entry) resolve(JSON.stringify(entry))
        }).observe({ type: 'resource' }),
      )
      await (await fetch(url)).text()
      return measured
    }, `${site.url}/api/v1/activity?pageSize=3`)
    const { serverTiming } = JSON.parse(timed)
    expect(serverTiming.map(({ name }: { name: string }) => name)).toContain('db')
  })

  it('asks again by ETag, and reads that nothing changed', async () => {
    const { headers } = await asks(`${site.url}/api/v1/activity`)
    const again = await asks(`${site.url}/api/v1/activity`, {
      'If-None-Match': headers.etag ?? '',
      'X-Request-Id': 'from-the-page',
    })
    expect(again.status).toBe(304)
    expect(again.headers['x-request-id']).toBe('from-the-page')
  })

  it('follows the redirect of a slash at the end', async () => {
    expect((await asks(`${site.url}/api/v1/activity/?pageSize=1`)).status).toBe(200)
  })

  it.each([
    ['/api/v1/activity?pageSize=0', 400, 'validation_failed', 'GET'],
    ['/nothing', 404, 'not_found', 'GET'],
    ['/api/v1/activity', 405, 'method_not_allowed', 'POST'],
  ])('reads what went wrong: %s', async (path, status, code, method) => {
    const answer = await asks(site.url + path, {}, method)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toMatchObject({ code })
  })

  it('reads a refusal, and when to come back', async () => {
    const { status, headers, body } = await asks(`${overloaded.url}/api`)
    expect(status).toBe(503)
    expect(headers['retry-after']).toBe('1')
    expect(JSON.parse(body)).toMatchObject({ code: 'overloaded' })
  })

  it('reads nothing where its origin is not named', async () => {
    await page.goto('data:text/html,<title>An origin of none</title>')
    await expect(asks(`${site.url}/livez`)).rejects.toThrow(/Failed to fetch/)
  })
})
