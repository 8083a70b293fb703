import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { requestId } from 'hono/request-id'
import { validator } from 'hono/validator'
import { describe, expect, it } from 'vitest'
import { AppError, type ErrorCode, problems, validationFailed } from '../../src/errors/error.ts'
import type { AppEnv } from '../../src/http/context.ts'
import { onError, onNotFound } from '../../src/http/problems.ts'
import { rejectInvalid } from '../../src/http/validation.ts'

/** An app whose only route fails in the way given. */
function failing(thrown: () => unknown) {
  const app = new Hono<AppEnv>().use(requestId())
  app.onError(onError)
  app.notFound(onNotFound)
  app.get('/', () => {
    throw thrown()
  })
  return app
}

const codes = Object.keys(problems) as ErrorCode[]

describe('the renderer', () => {
  it.each(codes)('writes %s as a problem document', async (code) => {
    const answer = await failing(() => new AppError(code)).request('/', {
      headers: { 'X-Request-Id': 'abc' },
    })
    const { status, title } = problems[code]
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('x-request-id')).toBe('abc')
    expect(await answer.json()).toEqual({
      type: `https://shopboard.dev/problems/${code}`,
      title,
      status,
      detail: title,
      code,
      requestId: 'abc',
    })
  })

  it('promises with every 429 and 503 when to come back, and with no other', async () => {
    for (const code of codes) {
      const { status, headers } = await failing(() => new AppError(code)).request('/')
      const isPromised = status === 429 || status === 503
      expect(headers.get('retry-after'), code).toEqual(
        isPromised ? expect.stringMatching(/^[1-9]\d*$/) : null,
      )
    }
  })

  it('says how to authenticate and which methods there are', async () => {
    const unknown = await failing(() => new AppError('unauthenticated')).request('/')
    expect(unknown.headers.get('www-authenticate')).toBe('Bearer')
    const error = new AppError('method_not_allowed', undefined, { allow: ['GET', 'HEAD'] })
    expect((await failing(() => error).request('/')).headers.get('allow')).toBe('GET, HEAD')
  })

  it('lists every fault', async () => {
    const errors = [
      { path: 'pageSize', message: 'at most 100' },
      { path: 'cursor', message: 'not with page' },
    ]
    const answer = await failing(() => validationFailed(errors)).request('/')
    expect(await answer.json()).toMatchObject({ status: 400, code: 'validation_failed', errors })
  })

  it('says nothing of what is not foreseen', async () => {
    const secret = new Error('select secret from /etc/passwd at 10.0.0.1:5432', {
      cause: new TypeError('undefined is not a function'),
    })
    const answer = await failing(() => secret).request('/')
    expect(answer.status).toBe(500)
    const text = await answer.text()
    expect(JSON.parse(text)).toMatchObject({ code: 'internal_error' })
    expect(text).not.toMatch(/secret|passwd|10\.0|5432|undefined|\.ts/)
  })

  it('answers a path that is not there', async () => {
    const answer = await failing(() => undefined).request('/nowhere')
    expect(answer.status).toBe(404)
    expect(await answer.json()).toMatchObject({ code: 'not_found', detail: 'Path not found.' })
  })

  it.each([
    [400, 'validation_failed'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [413, 'payload_too_large'],
    [415, 'unsupported_media_type'],
    [418, 'internal_error'],
    [500, 'internal_error'],
  ] as const)("gives Hono's own %i the code %s", async (status, code) => {
    const thrown = new HTTPException(status, { message: 'in /home/app' })
    const answer = await failing(() => thrown).request('/')
    const text = await answer.text()
    expect(JSON.parse(text)).toMatchObject({ code })
    expect(text).not.toContain('/home')
  })

  it('reads a broken body and one too large from what Hono throws', async () => {
    const app = failing(() => undefined)
    const check = validator('json', (value) => value)
    app.post('/', bodyLimit({ maxSize: 20 }), check, (c) => c.text('fine'))
    const send = (body: string) =>
      app.request('/', { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })
    expect(await (await send('{"a":')).json()).toMatchObject({ code: 'malformed_json' })
    const large = await send(JSON.stringify('x'.repeat(100)))
    expect(large.status).toBe(413)
  })

  // What Hono throws for a broken body says so in its message only: when this fails, read `fromHono`.
  it('tells a body that is not JSON from one that does not fit its schema', async () => {
    const body = { content: { 'application/json': { schema: z.object({ title: z.string() }) } } }
    const createPost = createRoute({
      method: 'post',
      path: '/posts',
      request: { body: { ...body, required: true } },
      responses: { 201: { description: 'Created' } },
    })
    const app = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
    app.onError(onError)
    app.openapi(createPost, (c) => c.body(null, 201))
    const answer = async (text: string) => {
      const headers = { 'Content-Type': 'application/json' }
      const response = await app.request('/posts', { method: 'POST', headers, body: text })
      return response.status === 201
        ? 'created'
        : ((await response.json()) as { code: string }).code
    }
    expect(await answer('{"title":"x"}')).toBe('created')
    expect(await answer('{"title":')).toBe('malformed_json')
    expect(await answer('')).toBe('malformed_json')
    expect(await answer('{"title":1}')).toBe('validation_failed')
  })
})
