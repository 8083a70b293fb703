import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { type Listening, listen } from '../../src/server/listen.ts'

const listening: Listening[] = []
afterEach(async () => {
  for (const each of listening.splice(0)) await each.drain(0)
})
async function serving(fetch: () => Response | Promise<Response>) {
  const server = await listen(fetch, '127.0.0.1', 0)
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
    const server = await listen(() => new Response('here'), '::1', 0).catch(() => undefined)
    if (!server) return
    listening.push(server)
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
  })

  it('says in one sentence that the port is in use', async () => {
    const { url } = await serving(() => new Response('here'))
    const again = listen(() => new Response(), '127.0.0.1', Number(new URL(url).port))
    await expect(again).rejects.toThrow(/^Port \d+ of 127\.0\.0\.1 is in use: /)
  })

  it('says in one sentence that the address is not of this machine', async () => {
    const elsewhere = listen(() => new Response(), '192.0.2.1', 0)
    await expect(elsewhere).rejects.toThrow(/^HOST should be an address of this machine/)
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
    await server.drain(10_000)
    expect(performance.now() - start).toBeLessThan(2_000)
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
