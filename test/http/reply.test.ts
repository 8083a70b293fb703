import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import type { AppEnv } from '../../src/http/context.ts'
import { onError } from '../../src/http/problems.ts'
import { addCommonHeaders, reply } from '../../src/http/reply.ts'
import { startTiming } from '../../src/http/server-timing.ts'

/** An app whose responses get the common headers, and whose routes make them in different ways. */
function createRoutes() {
  const app = new Hono<AppEnv>()
  app.onError(onError)
  app.use(async (c, next) => {
    c.set('requestId', 'r1')
    c.set('timing', startTiming())
    await next()
    addCommonHeaders(c)
  })
  return app
    .get('/reply', (c) => reply(c, '{}', 200, { ETag: '"1"' }))
    .get('/body', (c) => c.body('{}'))
    .get('/page', (c) => reply(c, '', 200, { 'Content-Security-Policy': "script-src 'self'" }))
    .get('/other-page', (c) => c.body('', 200, { 'Content-Security-Policy': "script-src 'self'" }))
    .get('/failed', (c) => {
      reply(c, '{}', 200, {})
      throw new Error('after the reply was made')
    })
    .get('/replaced', (c) => {
      reply(c, '{}', 200, {})
      return c.body('another')
    })
}

describe('the common headers', () => {
  it.each([
    ['reply', 200],
    ['body', 200],
    ['failed', 500],
    ['replaced', 200],
  ])('are on the response of /%s, once', async (name, status) => {
    const response = await createRoutes().request(`/${name}`)
    expect(response.status).toBe(status)
    expect(response.headers.get('x-request-id')).toBe('r1')
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
    })
    expect(response.headers.get('server-timing')).toMatch(/^total;dur=[\d.]+$/)
  })
})

describe('the policy of a page', () => {
  it.each(['page', 'other-page'])('is its own: /%s', async (name) => {
    const { headers } = await createRoutes().request(`/${name}`)
    expect(headers.get('content-security-policy')).toBe("script-src 'self'")
    expect(headers.get('x-frame-options')).toBe('DENY')
  })
})

describe('reply', () => {
  it('sends the headers it is given', async () => {
    const response = await createRoutes().request('/reply')
    expect(response.headers.get('etag')).toBe('"1"')
    expect(await response.text()).toBe('{}')
  })
})
