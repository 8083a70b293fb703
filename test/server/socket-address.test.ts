import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Services } from '../../src/http/context.ts'
import type { Observation } from '../../src/observability/observation.ts'
import { type Listening, listen } from '../../src/server/listen.ts'
import { socketAddress } from '../../src/server/socket-address.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { sent } from '../support/raw.ts'

describe('the address of a request over a socket', () => {
  const observed: Observation[] = []
  const observe: Services['observe'] = (observation) => observed.push(observation)
  const addresses = () =>
    observed.flatMap((each) => (each.type === 'request' ? [each.address] : []))
  const opened: (TestApp | Listening)[] = []
  let [direct, proxied] = ['', '']
  beforeAll(async () => {
    const serving = async (addressOf: NonNullable<Services['addressOf']>) => {
      const app = await createTestApp({ services: { addressOf, observe } })
      const server = await listen(app.app.fetch, { host: '127.0.0.1', port: 0 })
      opened.push(server, app)
      return server.url
    }
    direct = await serving(socketAddress(undefined, observe))
    proxied = await serving(socketAddress(['loopback'], observe))
  })
  afterAll(async () => {
    for (const each of opened) await ('close' in each ? each.close() : each.drain(0))
  })
  const ask = (url: string, ...headers: string[]) =>
    sent(url, ['GET /livez HTTP/1.1', 'Host: localhost', ...headers, '', ''].join('\r\n'))

  it('is that of its other end, whatever it says, and a proxy is told of once', async () => {
    observed.length = 0
    await ask(direct)
    await ask(direct, 'X-Forwarded-For: 203.0.113.7', 'X-Real-IP: 203.0.113.7')
    await ask(direct, 'X-Forwarded-For: 203.0.113.7')
    await expect.poll(addresses).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.1'])
    const told = observed.filter(({ type }) => type === 'untrusted_proxy')
    expect(told).toEqual([{ type: 'untrusted_proxy', address: '127.0.0.1' }])
  })

  it('is what the last header says behind a proxy that is trusted', async () => {
    observed.length = 0
    await ask(proxied, 'X-Forwarded-For: 1.1.1.1', 'X-Forwarded-For: 2.2.2.2, 203.0.113.7')
    await ask(proxied, 'X-Forwarded-For: 203.0.113.8', 'Forwarded: for=1.1.1.1')
    await expect.poll(addresses).toEqual(['203.0.113.7', '203.0.113.8'])
    expect(observed.map(({ type }) => type)).not.toContain('untrusted_proxy')
  })
})
