import { describe, expect, it } from 'vitest'
import { memberOf, properties } from '../../../src/commands/import/properties.ts'

describe('a JSON object', () => {
  it.each([
    ['{"a": 1.50, "b": 12345678901234567890}', '{"a": 1.50, "b": 12345678901234567890}'],
    [{ a: [1, null] }, '{"a":[1,null]}'],
    ['', null],
    [undefined, null],
  ])('reads %j', (given, written) => {
    expect(properties(given)).toBe(written)
  })

  it.each([
    ['[]', 'is not a JSON object'],
    ['{"a":1', 'is not a JSON object'],
    [7, 'is not a JSON object'],
    ['{"a":"\\u0000"}', 'holds a NUL character'],
    ['{"\\u0000":1}', 'holds a NUL character'],
    ['{"a":"\\ud800"}', 'is not valid Unicode'],
    ['{"a":1e200000}', 'holds a number that is too long'],
    ['{"a":1e-20000}', 'holds a number that is too long'],
    [`{"a":${'9'.repeat(150_000)}}`, 'holds a number that is too long'],
    [`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'is nested more than 64 deep'],
  ])('refuses %.30j', (given, reason) => {
    expect(properties(given)).toEqual({ reason })
  })

  it('keeps the digits that JavaScript would lose', () => {
    const text = '{"id":1,"metadata":{"n":1.0,"big":12345678901234567890,"e":1e3,"s":"1.0"}}'
    expect(properties(memberOf(JSON.parse(text), 'metadata', text))).toBe(
      '{"n":1.0,"big":12345678901234567890,"e":1e3,"s":"1.0"}',
    )
  })
})
