import { z } from '@hono/zod-openapi'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { containing, gathering } from '../../../src/http/paging/containing.ts'

const query = gathering(
  'metadata',
  z.strictObject({ sort: z.string().optional(), metadata: containing('') }),
)
const asked = (given: Record<string, unknown>) => query.parse(given).metadata
const faults = (given: Record<string, unknown>) =>
  query.safeParse(given).error?.issues.map(({ path, message }) => [path.join(''), message])

const key = fc
  .string({ unit: 'binary', minLength: 1 })
  .filter((text) => text.isWellFormed() && !/[[\]]/.test(text))
const keys = fc.array(key, { minLength: 1, maxLength: 4 })
const parameterOf = (keys: readonly string[]) =>
  `metadata${keys.map((each) => `[${each}]`).join('')}`

describe('properties asked for in a query', () => {
  it('are one object, or one for each value that they may mean', () => {
    expect(asked({ 'metadata[a]': 'x' })).toEqual(['{"a":"x"}'])
    expect(asked({ 'metadata[a]': '5' })).toEqual(['{"a":"5"}', '{"a":5}'])
    expect(asked({ 'metadata[b]': 'true', 'metadata[a][c]': 'null' })).toEqual([
      '{"a":{"c":"null"},"b":"true"}',
      '{"a":{"c":"null"},"b":true}',
      '{"a":{"c":null},"b":"true"}',
      '{"a":{"c":null},"b":true}',
    ])
  })

  it('are none where none are given', () => {
    expect(asked({ sort: 'createdAt' })).toBeUndefined()
  })

  it.each([
    '',
    ' ',
    '05',
    '.5',
    '5.',
    '+5',
    'NaN',
    'Infinity',
    '0x5',
    '1e9999',
    'TRUE',
    '9'.repeat(101),
  ])('are texts alone where they read as no JSON: %j', (value) => {
    expect(asked({ 'metadata[a]': value })).toEqual([JSON.stringify({ a: value })])
  })

  it('mean what JSON means by their keys and values, whatever these are', () => {
    const property = fc.property(keys, fc.string(), (path, value) => {
      const wanted = path.reduceRight<unknown>(
        (inside, each) => Object.fromEntries([[each, inside]]),
        value,
      )
      const [text = ''] = asked({ [parameterOf(path)]: value }) ?? []
      expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(wanted))
    })
    fc.assert(property)
  })

  it('do not depend on the order in which they are given', () => {
    const property = fc.property(
      fc.uniqueArray(fc.tuple(key, fc.string()), { maxLength: 4, selector: ([each]) => each }),
      (properties) => {
        const parameters = properties.map(([each, value]) => [parameterOf([each]), value])
        expect(asked(Object.fromEntries(parameters))).toEqual(
          asked(Object.fromEntries(parameters.toReversed())),
        )
      },
    )
    fc.assert(property)
  })

  it('have every fault named, each under its parameter', () => {
    expect(faults({ 'metadata[a]': ['1', '2'], 'metadata[]': 'x', metadata: 'x' })).toEqual([
      ['metadata[a]', 'must be given once'],
      ['metadata[]', 'must be written as [key]=value, nested to a depth of 4 at most'],
      ['metadata', 'must be written as [key]=value, nested to a depth of 4 at most'],
    ])
    expect(faults({ 'metadata[a]': '1', 'metadata[a][b]': '2' })).toEqual([
      ['metadata[a][b]', 'cannot be combined with a value around it'],
    ])
    expect(faults({ 'metadata[a]': '1', 'metadatas[a]': '1' })).toHaveLength(1)
  })
})
