import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { etagOf, isKnown } from '../../src/http/etag.ts'

describe('etagOf', () => {
  it('is weak and well formed', () => {
    expect(etagOf('{"a":1}')).toMatch(/^W\/"[\da-z]+"$/)
  })

  it.each(['"asOf":', '"asOf" : '])('does not see the time in %s', (field) => {
    const at = (time: string) => etagOf(`{"totals":{"users":3},${field}"${time}","z":1}`)
    expect(at('2020-05-31T01:40:47.307000Z')).toBe(at('2026-11-21T05:00:00.000000Z'))
  })

  it('sees everything around the time, also a text that looks like one', () => {
    const text = '{"items":["asOf"],"asOf":"2020","z":"x"}'
    expect(etagOf(text.replace('"x"', '"y"'))).not.toBe(etagOf(text))
    expect(etagOf(text.replace('["asOf"]', '["as0f"]'))).not.toBe(etagOf(text))
    const quoted = JSON.stringify({ excerpt: '"asOf":"1"', asOf: '2020' })
    expect(etagOf(quoted.replace('\\"1', '\\"2'))).not.toBe(etagOf(quoted))
  })

  it('differs for texts that differ', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        fc.pre(one !== other)
        expect(etagOf(JSON.stringify([one]))).not.toBe(etagOf(JSON.stringify([other])))
      }),
    )
  })
})

describe('isKnown', () => {
  it.each([
    ['W/"a"', true],
    ['"a"', true],
    ['*', true],
    [' * ', true],
    ['"b", W/"a"', true],
    ['"b"', false],
    ['', false],
    ['a', false],
  ])('compares %s weakly', (given, expected) => {
    expect(isKnown(given, 'W/"a"')).toBe(expected)
  })
})
