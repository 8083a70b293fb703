import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashOf, isKey, isKeyPrefix, newKey } from '../../src/auth/key.ts'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const digit = fc.constantFrom(...digits)

describe('a new key', () => {
  it('has its form, and a checksum that anyone can make', () => {
    const { key, prefix, hash } = newKey()
    expect(key).toMatch(/^sb_[\da-zA-Z]{49}$/)
    expect(isKey(key)).toBe(true)
    const check = [...key.slice(-6)].reduce((sum, each) => sum * 62 + digits.indexOf(each), 0)
    expect(check).toBe(crc32(key.slice(0, -6)))
    expect(hash).toBe(createHash('sha256').update(key).digest('hex'))
    expect(prefix).toBe(key.slice(0, 11))
    expect(isKeyPrefix(prefix)).toBe(true)
  })

  it('is never made twice, and uses every digit', () => {
    const keys = Array.from({ length: 300 }, () => newKey().key)
    expect(new Set(keys).size).toBe(keys.length)
    expect(new Set(keys.flatMap((key) => [...key.slice(3, -6)])).size).toBe(62)
  })
})

describe('a key with a fault', () => {
  it('is none, whichever character it is', () => {
    const { key } = newKey()
    fc.assert(
      fc.property(fc.nat(key.length - 1), digit, (at, other) => {
        fc.pre(key[at] !== other)
        expect(isKey(key.slice(0, at) + other + key.slice(at + 1))).toBe(false)
      }),
    )
  })

  it.each([
    ['cut off', (key: string) => key.slice(0, -1)],
    ['too long', (key: string) => `${key}0`],
    ['in capitals', (key: string) => key.toUpperCase()],
    [
      'with two characters that changed places',
      (key: string) => key.replace(/^(sb_)(.*?)(.)(?!\3)(.)/, '$1$2$4$3'),
    ],
    ['empty', () => ''],
  ])('is none: %s', (_, damage) => {
    expect(isKey(damage(newKey().key))).toBe(false)
  })

  it('is none, whatever it is', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => !isKey(text)))
  })
})

describe('the hash', () => {
  it('is SHA-256 of any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(hashOf(text)).toBe(createHash('sha256').update(text).digest('hex'))
      }),
    )
  })
})
