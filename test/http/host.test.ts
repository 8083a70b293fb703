import { describe, expect, it } from 'vitest'
import { hostNames, isOurs } from '../../src/http/host.ts'

describe('hostNames', () => {
  it.each(['127.0.0.1', 'localhost', '::1', '127.8.8.8'])(
    'of %s are those of the loopback',
    (host) => {
      const names = hostNames(host, undefined)
      for (const ours of ['localhost', '127.0.0.1:3000', '[::1]:3000', 'LOCALHOST'])
        expect(isOurs(names, ours)).toBe(true)
      for (const foreign of ['evil.example', 'localhost.evil.example', '10.0.0.1', ''])
        expect(isOurs(names, foreign)).toBe(false)
    },
  )

  it('has the address it listens on and what is allowed, too', () => {
    expect(isOurs(hostNames('127.8.8.8', undefined), '127.8.8.8:80')).toBe(true)
    expect(isOurs(hostNames('127.0.0.1', ['shop.example']), 'shop.example')).toBe(true)
  })

  it('of an address others reach are any, or those allowed', () => {
    expect(isOurs(hostNames('0.0.0.0', undefined), 'any.example')).toBe(true)
    const names = hostNames('0.0.0.0', ['shop.example'])
    expect(isOurs(names, 'shop.example:443')).toBe(true)
    expect(isOurs(names, 'localhost')).toBe(false)
  })
})
