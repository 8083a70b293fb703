import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encoder } from '../../src/http/encoding.ts'
import { compress } from '../../src/server/compress.ts'
import { type Listening, listen } from '../../src/server/listen.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { sent } from '../support/raw.ts'

describe('a probe that speaks HTTP/1.0', () => {
  let app: TestApp
  let server: Listening
  beforeAll(async () => {
    app = await createTestApp({ services: { encode: encoder(compress) } })
    server = await listen(app.app.fetch, { host: '127.0.0.1', port: 0 })
  })
  afterAll(async () => {
    await server.drain(0)
    await app.close()
  })
  const asks = async (line: string, ...headers: string[]) => {
    const answer = await sent(server.url, [`${line} HTTP/1.0`, ...headers, '', ''].join('\r\n'))
    const [head = '', body = ''] = answer.split('\r\n\r\n')
    expect(head).not.toMatch(/transfer-encoding/i)
    return { head, body }
  }

  it.each([[[]], [['Host: localhost']], [['Connection: keep-alive']]])(
    'is answered with %j',
    async (headers) => {
      for (const path of ['/livez', '/readyz', '/', '/api/v1/activity']) {
        const { head, body } = await asks(`GET ${path}`, ...headers)
        expect(head).toMatch(/^HTTP\/1\.1 200 /)
        expect(head).toMatch(new RegExp(`content-length: ${Buffer.byteLength(body)}\\b`, 'i'))
        expect(JSON.parse(body)).toBeTruthy()
      }
    },
  )

  it('keeps its connection when it asks to', async () => {
    expect((await asks('GET /livez', 'Connection: keep-alive')).head).toMatch(
      /connection: keep-alive/i,
    )
    expect((await asks('GET /livez')).head).toMatch(/connection: close/i)
  })

  it.each(['/livez', '/', '/api/v1/activity', '/openapi.json'])(
    'gets no body with HEAD %s',
    async (path) => {
      const { head, body } = await asks(`HEAD ${path}`, 'Accept-Encoding: gzip')
      expect(head).toMatch(/^HTTP\/1\.1 200 /)
      expect(body).toBe('')
    },
  )

  it.each([
    ['GET /nothing', 404],
    ['GET /livez/', 308],
    ['POST /livez', 405],
    ['OPTIONS /livez', 204],
  ])('is told what is wrong: %s', async (line, status) => {
    expect((await asks(line)).head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })

  it('gets a long answer whole, compressed where it asks for that', async () => {
    const { head } = await asks('GET /openapi.json', 'Accept-Encoding: gzip', 'Accept: */*')
    expect(head).toMatch(/content-encoding: gzip/i)
    expect(head).toMatch(/content-length: \d+/i)
  })
})
