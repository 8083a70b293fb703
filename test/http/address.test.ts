import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientAddress, isLoopback, networkOf, type TrustProxy } from '../../src/http/address.ts'

const from = (trust: TrustProxy | undefined, peer: string | undefined, forwardedFor?: string) =>
  clientAddress(trust)(peer, () => forwardedFor)

describe('the address of a client', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('is that of the connection, as PostgreSQL reads it: %s', (peer, address) => {
    expect(from(undefined, peer, '1.2.3.4')).toBe(address)
    expect(from(['loopback'], peer, '1.2.3.4')).toBe(address)
  })

  it('is none of a connection that has none', () => {
    expect(from(undefined, undefined, '1.2.3.4')).toBeUndefined()
    expect(from(1, undefined, '1.2.3.4')).toBeUndefined()
  })

  it.each([
    [['loopback'], '127.0.0.1', '203.0.113.7', '203.0.113.7'],
    [['loopback'], '::ffff:127.0.0.1', '203.0.113.7', '203.0.113.7'],
    [['loopback'], '::1', '1.1.1.1, 203.0.113.7', '203.0.113.7'],
    [['loopback', '10.0.0.0/8'], '127.0.0.1', '203.0.113.7, 10.1.2.3', '203.0.113.7'],
    [['2001:db8::/32'], '2001:db8::9', '2001:db9::1', '2001:db9::1'],
    [['::ffff:10.0.0.0/104'], '10.9.9.9', '203.0.113.7', '203.0.113.7'],
    [['10.0.0.5'], '10.0.0.6', '203.0.113.7', '10.0.0.6'],
    [['uniquelocal'], '192.168.1.1', '10.0.0.1, 172.16.0.1', '10.0.0.1'],
    [1, '10.0.0.5', '1.1.1.1, 203.0.113.7', '203.0.113.7'],
    [2, '10.0.0.5', '1.1.1.1, 203.0.113.7, 10.0.0.4', '203.0.113.7'],
    [3, '10.0.0.5', '203.0.113.7', '203.0.113.7'],
  ])('is what the trusted proxies say: %j at %s, %s', (trust, peer, forwardedFor, address) => {
    expect(from(trust, peer, forwardedFor)).toBe(address)
  })

  it.each([
    ['', '127.0.0.1'],
    ['unknown', '127.0.0.1'],
    ['203.0.113.7, unknown', '127.0.0.1'],
    ['203.0.113.7, , 10.0.0.1', '10.0.0.1'],
    ['203.0.113.7,', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['1.2.3', '127.0.0.1'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ["1.1.1.1' or 1=1", '127.0.0.1'],
  ])('is that of who wrote the first entry that is none: %j', (forwardedFor, address) => {
    expect(from(['loopback', 'uniquelocal'], '127.0.0.1', forwardedFor)).toBe(address)
  })

  const anything = fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.constant('127.0.0.1'))

  it('is not to be chosen by a client, whatever it sends', () => {
    fc.assert(
      fc.property(fc.array(anything), fc.ipV4(), (sent, client) => {
        fc.pre(!isLoopback(client))
        const forwardedFor = [...sent, client].join(', ')
        expect(from(['loopback'], '127.0.0.1', forwardedFor)).toBe(client)
        expect(from(1, '10.0.0.1', forwardedFor)).toBe(client)
        expect(from(undefined, client, forwardedFor)).toBe(client)
      }),
    )
  })
})

describe('the network that is counted together', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['::1', '::/64'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})
