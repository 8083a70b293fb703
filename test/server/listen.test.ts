import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { corsOf } from '../../src/http/cors.ts'
import { hostNames } from '../../src/http/host.ts'
import { type Listening, type ListenOptions, listen } from '../../src/server/listen.ts'
import { sent } from '../support/raw.ts'

const listening: Listening[] = []
afterEach(async () => {
  for (const each of listening.splice(0)) await each.drain(0)
})
async function serving(
  fetch: () => Response | Promise<Response>,
  options: Partial<ListenOptions> = {},
) {
  const server = await listen(fetch, { host: '127.0.0.1', port: 0, ...options })
  listening.push(server)
  return server
}
/** A handler that answers when told to. */
function held() {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<Response>()
  const fetch = () => {
    asked.resolve()
    return answer.promise
  }
  return { fetch, asked: asked.promise, answer: () => answer.resolve(new Response('done')) }
}

describe('listen', () => {
  it('serves at the URL it gives', async () => {
    const { url } = await serving(() => new Response('here'))
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await (await fetch(url)).text()).toBe('here')
  })

  it('writes an IPv6 address as a URL has it', async () => {
    const server = await listen(() => new Response('here'), { host: '::1', port: 0 }).catch(
      () => undefined,
    )
    if (!server) return
    listening.push(server)
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
  })

  it('says in one sentence that the port is in use', async () => {
    const { url } = await serving(() => new Response('here'))
    const again = listen(() => new Response(), {
      host: '127.0.0.1',
      port: Number(new URL(url).port),
    })
    await expect(again).rejects.toThrow(/^Port \d+ of 127\.0\.0\.1 is in use: /)
  })

  it('says in one sentence that the address is not of this machine', async () => {
    const elsewhere = listen(() => new Response(), { host: '192.0.2.1', port: 0 })
    await expect(elsewhere).rejects.toThrow(/^HOST should be an address of this machine/)
  })
})

describe('a request that reaches no app', () => {
  const names = hostNames('127.0.0.1', ['shop.example'])

  it('is answered where HTTP/1.0 has no Host', async () => {
    const { url } = await serving(() => new Response('here'), { names })
    expect(await sent(url, 'GET /livez HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 [\s\S]*here/)
  })

  it.each([
    ['without a Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['with an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
    ['with a Host that is no name', 'GET / HTTP/1.1\r\nHost: a b?\r\n\r\n'],
    ['with a Host whose port is none', 'GET / HTTP/1.1\r\nHost: localhost:99999\r\n\r\n'],
    ['with two Hosts', 'GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n'],
    ['for no path', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    [
      'in an encoding that is not chunked',
      'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('gets a problem document %s', async (_, text) => {
    const { url } = await serving(() => new Response('here'))
    const answer = await sent(url, text)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toMatch(/content-type: application\/problem\+json/i)
    expect(answer).toMatch(/x-request-id: [\w-]{36}/i)
    expect(answer).toMatch(/"code":"validation_failed"/)
  })

  it.each(['evil.example', 'evil.example:3000', '127.0.0.1.evil.example'])(
    'is misdirected to %s',
    async (host) => {
      const { url } = await serving(() => new Response('here'), { names })
      const answer = await sent(url, `GET /api HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      expect(answer).toMatch(/^HTTP\/1\.1 421 [\s\S]*"code":"misdirected_request"/)
      const absolute = `GET http://${host}/api HTTP/1.1\r\nHost: localhost\r\n\r\n`
      expect(await sent(url, absolute)).toMatch(/^HTTP\/1\.1 421 /)
    },
  )

  it.each(['localhost:1', '127.0.0.1', '[::1]:80', 'SHOP.example'])(
    'is served to %s',
    async (host) => {
      const { url } = await serving(() => new Response('here'), { names })
      expect(await sent(url, `GET /api HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toMatch(/ 200 /)
    },
  )
})

describe('a server with all its connections taken', () => {
  it('drops the oldest that has asked nothing', async () => {
    const { url } = await serving(() => new Response('here'), { maxConnections: 5 })
    const { hostname, port } = new URL(url)
    const silent: Socket[] = []
    let dropped = 0
    for (let n = 0; n < 20; n++) {
      const socket = connect(Number(port), hostname)
      await new Promise((resolve) => socket.once('connect', resolve))
      socket.on('error', () => {}).on('close', () => (dropped += 1))
      silent.push(socket)
    }
    expect(await (await fetch(url)).text()).toBe('here')
    await expect.poll(() => dropped).toBeGreaterThanOrEqual(15)
    for (const socket of silent) socket.destroy()
  })
})

describe('an overloaded server', () => {
  const admission = { room: () => 0, isQuick: () => false, patience: 20 }

  it('refuses after a while, says when to come back, and serves health checks', async () => {
    let refused = 0
    const onRefused = () => {
      refused += 1
    }
    const { url } = await serving(() => new Response('here'), { admission, onRefused })
    const headers = { 'X-Request-Id': 'r1' }
    const answers = await Promise.all([1, 2, 3].map(() => fetch(`${url}/api`, { headers })))
    for (const answer of answers) {
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('1')
      expect(answer.headers.get('x-request-id')).toBe('r1')
      expect(await answer.json()).toMatchObject({ code: 'overloaded', requestId: 'r1' })
    }
    expect(refused).toBe(3)
    expect((await fetch(`${url}/livez`)).status).toBe(200)
    expect((await fetch(`${url}/readyz?a=b`)).status).toBe(200)
  })

  it('refuses writers before the app sees them, and goes on reading their connection', async () => {
    let asked = 0
    const { url } = await serving(
      () => {
        asked += 1
        return new Response('here')
      },
      { admission },
    )
    const large = 'x'.repeat(2 ** 20)
    const text = `POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${large.length}\r\n\r\n`
    const next = 'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.write(text + large + next),
    )
    let received = ''
    for await (const chunk of socket) received += chunk
    expect(received).toMatch(/^HTTP\/1\.1 503 [\s\S]*"code":"overloaded"[\s\S]*HTTP\/1\.1 200 /)
    expect(asked).toBe(1)
  })
})

describe('an answer made before the app', () => {
  const cors = corsOf(['https://app.example'])
  const names = hostNames('127.0.0.1', undefined)

  it.each([
    ['a refusal', { cors, admission: { room: () => 0, isQuick: () => false, patience: 1 } }, 503],
    ['a misdirected request', { cors, names: hostNames('127.0.0.1', []) }, 421],
    ['a malformed request', { cors, names }, 400],
  ])('can be read by a page of another origin: %s', async (_, options, status) => {
    const { url } = await serving(() => new Response('here'), options)
    const host = { 503: 'localhost', 421: 'evil.example', 400: 'a b?' }[status]
    const asking = (origin: string) =>
      sent(url, `GET /api HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\n\r\n`)
    const answer = await asking('https://app.example')
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toMatch(/access-control-allow-origin: https:\/\/app\.example\r\n/i)
    expect(answer).toMatch(/access-control-expose-headers: .*Retry-After/i)
    const other = await asking('https://evil.example')
    expect(other).not.toMatch(/access-control/i)
    expect(other).toMatch(/vary: Origin/i)
  })
})

describe('drain', () => {
  it('lets a running request finish, and accepts no other', async () => {
    const { fetch: handler, asked, answer } = held()
    const server = await serving(handler)
    const response = fetch(server.url)
    await asked
    const drained = server.drain(10_000)
    await expect.poll(() => fetch(server.url).then(Boolean, () => false)).toBe(false)
    answer()
    expect(await (await response).text()).toBe('done')
    await drained
  })

  it('closes the connection of a request that takes too long', async () => {
    const { fetch: handler, asked } = held()
    const server = await serving(handler)
    const response = fetch(server.url).then(
      () => 'answered',
      () => 'cut off',
    )
    await asked
    await server.drain(50)
    expect(await response).toBe('cut off')
  })

  it('does not wait for a connection that a client keeps alive', async () => {
    const server = await serving(() => new Response('here'))
    await (await fetch(server.url)).text()
    const start = performance.now()
    await server.drain(60_000)
    expect(performance.now() - start).toBeLessThan(60_000)
  })

  it('leaves the port to the next', async () => {
    const server = await serving(() => new Response('here'))
    const port = Number(new URL(server.url).port)
    await server.drain(0)
    const next = createServer()
    await new Promise<void>((resolve) => next.listen(port, '127.0.0.1', resolve))
    await new Promise((resolve) => next.close(resolve))
  })
})

describe('what cannot be read as a request', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400, 'validation_failed'],
    [
      'more headers than fit',
      `GET /?q=${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    [
      'another expectation',
      'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: the unexpected\r\n\r\n',
      417,
      'expectation_failed',
    ],
  ])('is answered as a problem: %s', async (_, text, status, code) => {
    const { url } = await serving(() => new Response('here'))
    const answer = await sent(url, text)
    expect(answer).toMatch(
      new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*connection: close[\\s\\S]*"code":"${code}"`, 'i'),
    )
    expect(answer).toMatch(/content-type: application\/problem\+json[\s\S]*x-request-id: [\w-]+/i)
  })

  it('is answered as a problem when it does not come in time', async () => {
    const { url } = await serving(() => new Response('here'), { headersTimeout: 100 })
    expect(await sent(url, 'GET / HTTP/1.1\r\n')).toMatch(
      /^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/,
    )
  })

  it('does not get between the parts of an answer under way', async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const { url } = await serving(() => new Response(readable))
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    void writer.write(new TextEncoder().encode('part')).catch(() => {})
    let received = ''
    for await (const chunk of socket) {
      received += chunk
      if (received.endsWith('part\r\n')) socket.write('hello\r\n\r\n')
    }
    expect(received).toMatch(/part\r\n$/)
  })
})
