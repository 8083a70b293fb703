import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Listening, listen } from '../../src/server/listen.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { sent } from '../support/raw.ts'

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'
const post = (headers: string, body = '') =>
  `POST /api HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${body}`

describe('a message that others may read otherwise', () => {
  let server: Listening
  /** What the app was asked: method, path, body. */
  const asked: string[] = []
  beforeAll(async () => {
    const fetch = async (request: Request) => {
      asked.push(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`)
      return new Response('here')
    }
    server = await listen(fetch, { host: '127.0.0.1', port: 0 })
  })
  afterAll(() => server.drain(0))
  beforeEach(() => {
    asked.length = 0
  })

  it.each([
    ['two lengths', post('Content-Length: 3\r\nContent-Length: 0', `abc${smuggled}`)],
    ['the same length twice', post('Content-Length: 3\r\nContent-Length: 3', 'abc')],
    ['a list of lengths', post('Content-Length: 3, 3', 'abc')],
    ['a length with a sign', post('Content-Length: +3', 'abc')],
    ['a length beyond counting', post('Content-Length: 99999999999999999999', 'abc')],
    [
      'a length and chunks',
      post('Content-Length: 4\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`),
    ],
    [
      'chunks and a length',
      post('Transfer-Encoding: chunked\r\nContent-Length: 4', `0\r\n\r\n${smuggled}`),
    ],
    ['chunks twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
    [
      'chunks and identity',
      post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', '0\r\n\r\n'),
    ],
    ['nearly chunks', post('Transfer-Encoding: xchunked', `0\r\n\r\n${smuggled}`)],
    ['chunks behind a control character', post('Transfer-Encoding: \x0bchunked', '0\r\n\r\n')],
    ['a space before the colon', post('Transfer-Encoding : chunked', '0\r\n\r\n')],
    [
      'chunks in HTTP/1.0',
      post('Transfer-Encoding: chunked', `0\r\n\r\n${smuggled}`).replace('1.1', '1.0'),
    ],
    ['a folded header', post('Transfer-Encoding:\r\n chunked', '0\r\n\r\n')],
    ['a line that begins with a space', post('X-A: b\r\n Content-Length: 3', 'abc')],
    ['a line that ends in LF', post('X-A: b\nContent-Length: 3', 'abc')],
    ['a CR alone', post('X-A: b\rContent-Length: 3', 'abc')],
    ['a NUL', post('X-A: b\0')],
  ])('is refused with its connection, and nothing in it asked: %s', async (_, text) => {
    const answer = await sent(server.url, text)
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"validation_failed"/)
    expect(asked).toEqual([])
  })

  it('has the body that its length says, also of a GET', async () => {
    const headers = `Content-Length: ${smuggled.length}`
    const answer = await sent(server.url, post(headers, smuggled).replace('POST', 'GET'))
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(asked).toEqual(['GET /api '])
  })

  it('is asked with its own method, path and host, whatever headers name others', async () => {
    const headers = [
      'X-HTTP-Method-Override: DELETE',
      'X-HTTP-Method: DELETE',
      'X-Original-URL: /other',
      'X-Rewrite-URL: /other',
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Prefix: /other',
      'Content-Length: 0',
    ].join('\r\n')
    expect(await sent(server.url, post(headers))).toMatch(/^HTTP\/1\.1 200 /)
    expect(asked).toEqual(['POST /api '])
  })
})

describe('bodies that come slowly', () => {
  let app: TestApp
  let server: Listening
  const slow: Socket[] = []
  beforeAll(async () => {
    app = await createTestApp({ pool: { size: 2 } })
    server = await listen(app.app.fetch, {
      host: '127.0.0.1',
      port: 0,
      bodyTimeout: 1000,
      headersTimeout: 1000,
    })
  })
  afterAll(async () => {
    for (const socket of slow) socket.destroy()
    await server.drain(0)
    await app.close()
  })

  it('hold no connection of the database, and are given up', async () => {
    const { hostname, port } = new URL(server.url)
    const before = app.pool.stats().acquired
    const begun = post(
      'Content-Type: application/json\r\nContent-Length: 100',
      '{"title":',
    ).replace('/api', '/api/v1/posts')
    const answers = Array.from({ length: 20 }, () => {
      const socket = connect(Number(port), hostname, () => socket.write(begun))
      slow.push(socket)
      return new Promise<string>((resolve) => {
        let received = ''
        socket.on('data', (chunk) => (received += chunk)).on('close', () => resolve(received))
      })
    })
    const read = await fetch(`${server.url}/api/v1/posts`)
    expect(read.status).toBe(200)
    for (const answer of await Promise.all(answers))
      expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/)
    expect(app.pool.stats().acquired).toBe(before + 1)
    expect(await app.sql`select from posts`).toHaveLength(0)
  })
})
