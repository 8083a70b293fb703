import { connect } from 'node:net'
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jsonBody } from '../../src/http/body.ts'
import type { AppEnv } from '../../src/http/context.ts'
import { onError } from '../../src/http/problems.ts'
import { rejectInvalid } from '../../src/http/validation.ts'
import { type Listening, listen } from '../../src/server/listen.ts'
import { sent } from '../support/raw.ts'

const thing = z.strictObject({
  title: z.string().max(10),
  ids: z.array(z.int()).optional(),
  metadata: z.record(z.string(), z.json()).optional(),
})
const responses = { 200: { description: 'What was read' } }
const takes = (schema: z.ZodType) =>
  ({ body: { required: true, content: { 'application/json': { schema } } } }) as const

function createThings() {
  const app = new OpenAPIHono<AppEnv>({ defaultHook: rejectInvalid })
  app.onError(onError)
  app.use(jsonBody)
  app.openapi(
    createRoute({ method: 'post', path: '/things', request: takes(thing), responses }),
    (c) => c.json(c.req.valid('json')),
  )
  const bulk = takes(z.strictObject({ items: z.array(thing) }))
  app.openapi(
    createRoute({ method: 'post', path: '/things/bulk', request: bulk, responses }),
    async (c) => c.json({ length: (await c.req.text()).length }),
  )
  app.openapi(createRoute({ method: 'post', path: '/things/restore', responses }), async (c) =>
    c.json(await c.req.text()),
  )
  return app
}

const app = createThings()
const json = { 'Content-Type': 'application/json' }
type Problem = { code?: string; detail?: string; errors?: { path: string; message: string }[] }

async function answerTo(
  body: BodyInit | null,
  { path = '/things', headers = json as Record<string, string> } = {},
): Promise<[number, Problem]> {
  const init = { method: 'POST', body, headers, duplex: 'half' }
  const response = await app.request(path, init)
  return [response.status, (await response.json()) as Problem]
}
const pathsOf = async (body: string) => (await answerTo(body))[1].errors?.map(({ path }) => path)

const mebibyte = 2 ** 20
const sized = (size: number) => `{"title":"a"${' '.repeat(size - 13)}}`
/** Without a length, in pieces. */
const streamed = (text: string) =>
  new ReadableStream({
    start(controller) {
      for (let at = 0; at < text.length; at += 65_536)
        controller.enqueue(new TextEncoder().encode(text.slice(at, at + 65_536)))
      controller.close()
    },
  })

describe('jsonBody', () => {
  it('hands the body to the route, which validates it', async () => {
    const body = { title: 'é', metadata: { a: [null, { b: 1.5 }] } }
    expect(await answerTo(JSON.stringify(body))).toEqual([200, body])
  })

  it.each([
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF8"',
    'application/merge-patch+json',
  ])('takes it as %s', async (type) => {
    expect(await answerTo('{"title":"a"}', { headers: { 'Content-Type': type } })).toEqual([
      200,
      { title: 'a' },
    ])
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/jsonp',
    'multipart/form-data; boundary=a',
    '',
  ])('answers 415 to the content type "%s"', async (type) => {
    const headers: Record<string, string> = type ? { 'Content-Type': type } : {}
    const body = new TextEncoder().encode('{"title":"a"}')
    expect(await answerTo(body, { headers })).toMatchObject([
      415,
      { code: 'unsupported_media_type' },
    ])
  })

  it('answers 415 to a compressed body', async () => {
    const headers = { ...json, 'Content-Encoding': 'gzip' }
    expect(await answerTo('{"title":"a"}', { headers })).toMatchObject([
      415,
      { code: 'unsupported_media_type' },
    ])
  })

  it.each([
    ['is truncated', '{"title":'],
    ['is empty', ''],
    ['is not UTF-8', new Uint8Array([0x22, 0xff, 0x22])],
    ['is UTF-16', new Uint8Array([0x22, 0, 0x61, 0, 0x22, 0])],
  ])('calls a body malformed that %s', async (_, body) => {
    expect(await answerTo(body)).toMatchObject([400, { code: 'malformed_json' }])
  })

  it('names each fault of a body by its path', async () => {
    expect(await pathsOf('{"title":7,"colour":1,"ids":[1,2.5,9007199254740991]}')).toEqual([
      'title',
      'ids.1',
      'colour',
    ])
    expect(await pathsOf('{"title":"a","title":"b"}')).toEqual(['title'])
    expect(await pathsOf('[]')).toEqual(['body'])
    expect(await pathsOf('null')).toEqual(['body'])
  })

  it('says of a field what it says, and not that it is a parameter', async () => {
    const [, { errors }] = await answerTo('{"title":["a"],"colour":1}')
    expect(errors?.map(({ message }) => message)).toEqual([
      'must be a string',
      'is not a field here',
    ])
  })

  it('tells no more than a hundred faults, and no whole page as a path', async () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`${n}`.repeat(99), n]))
    const [status, { errors = [], detail }] = await answerTo(JSON.stringify(many))
    expect(status).toBe(400)
    expect(errors).toHaveLength(100)
    expect(detail).toBe('See errors for the first 100 of 501 faults.')
    expect(errors.every(({ path }) => path.length <= 201)).toBe(true)
  })

  it('takes a body of 1 MiB, and refuses one of a byte more', async () => {
    expect((await answerTo(sized(mebibyte)))[0]).toBe(200)
    expect(await answerTo(sized(mebibyte + 1))).toMatchObject([413, { code: 'payload_too_large' }])
    expect((await answerTo(streamed(sized(mebibyte))))[0]).toBe(200)
    expect((await answerTo(streamed(sized(mebibyte + 1))))[0]).toBe(413)
  })

  it('takes a bulk of 16 MiB, and refuses one of a byte more', async () => {
    const items = (size: number) => `{"items":[]${' '.repeat(size - 12)}}`
    const path = '/things/bulk'
    expect((await answerTo(items(16 * mebibyte), { path }))[0]).toBe(200)
    expect((await answerTo(items(16 * mebibyte + 1), { path }))[0]).toBe(413)
    expect((await answerTo(streamed(items(16 * mebibyte + 1)), { path }))[0]).toBe(413)
  })

  it('asks for no body where a route takes none', async () => {
    const path = '/things/restore'
    expect(await answerTo(null, { path, headers: {} })).toEqual([200, ''])
    expect(await answerTo('', { path })).toEqual([200, ''])
    expect(await answerTo('{}', { path })).toEqual([200, '{}'])
    expect((await answerTo('a=b', { path, headers: { 'Content-Type': 'text/plain' } }))[0]).toBe(
      415,
    )
  })

  it('leaves a body alone that no route takes', async () => {
    expect((await app.request('/nowhere', { method: 'POST', body: 'a' })).status).toBe(404)
    expect((await app.request('/things', { method: 'PUT', body: 'a' })).status).toBe(404)
  })
})

describe('a body over a connection', () => {
  let server: Listening
  beforeAll(async () => {
    server = await listen(app.fetch, { host: '127.0.0.1', port: 0 })
  })
  afterAll(() => server.drain(0))

  const post = (headers: string, body: string) =>
    sent(server.url, `POST /things HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n${body}`)
  const type = 'Content-Type: application/json'

  it('is read by its length or by chunks', async () => {
    const text = '{"title":"a"}'
    expect(await post(`${type}\r\nContent-Length: ${text.length}`, text)).toMatch(/^HTTP\/1.1 200/)
    const chunks = `5\r\n${text.slice(0, 5)}\r\n8\r\n${text.slice(5)}\r\n0\r\n\r\n`
    expect(await post(`${type}\r\nTransfer-Encoding: chunked`, chunks)).toMatch(/^HTTP\/1.1 200/)
  })

  it('is refused by its length before it comes', async () => {
    expect(await post(`${type}\r\nContent-Length: 99999999`, '')).toMatch(/^HTTP\/1.1 413/)
  })

  it('is refused by its chunks as soon as they are too many', async () => {
    const chunk = `100000\r\n${' '.repeat(mebibyte)}\r\n`
    expect(await post(`${type}\r\nTransfer-Encoding: chunked`, chunk.repeat(2))).toMatch(
      /^HTTP\/1.1 413/,
    )
  })

  it('leaves the server well when it breaks off', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    await new Promise<void>((resolve) =>
      socket.write(
        `POST /things HTTP/1.1\r\nHost: a\r\n${type}\r\nContent-Length: 50\r\n\r\n{`,
        () => resolve(),
      ),
    )
    socket.resetAndDestroy()
    expect(await post(`${type}\r\nContent-Length: 13`, '{"title":"a"}')).toMatch(/^HTTP\/1.1 200/)
  })

  it('lets the connection serve the next after a refusal', async () => {
    const refused = await fetch(`${server.url}/things`, {
      method: 'POST',
      headers: json,
      body: '{',
    })
    expect(refused.status).toBe(400)
    const large = await fetch(`${server.url}/things`, {
      method: 'POST',
      headers: json,
      body: sized(3 * mebibyte),
    })
    expect(large.status).toBe(413)
    expect(await large.json()).toMatchObject({ code: 'payload_too_large' })
    const next = await fetch(`${server.url}/things`, {
      method: 'POST',
      headers: json,
      body: sized(20),
    })
    expect(next.status).toBe(200)
  })
})
