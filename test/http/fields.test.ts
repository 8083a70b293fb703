import type { z } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import { email, properties, someOf, tags, text } from '../../src/http/fields.ts'

const faultsOf = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value).error?.issues.map(({ message }) => message) ?? []

const nested = (depth: number): object => (depth === 1 ? {} : { a: nested(depth - 1) })

describe('a text', () => {
  const name = text(1, 3)

  it('is measured in characters, as PostgreSQL does', () => {
    expect(faultsOf(name, '👩👩👩')).toEqual([])
    expect(faultsOf(name, '👩👩👩👩')).toEqual(['must have 1 to 3 characters'])
    expect(faultsOf(name, '')).toEqual(['must have 1 to 3 characters'])
    expect(faultsOf(text(2, 9), '👩')).toEqual(['must have 2 to 9 characters'])
  })
})

describe('tags', () => {
  it('are trimmed, in lower case, each once, in their order', () => {
    expect(tags.parse([' Wine', 'ALE', 'wine ', 'e\u0301'])).toEqual(['wine', 'ale', 'é'])
  })

  it('are null where there are none', () => {
    expect(tags.parse([])).toBeNull()
  })

  it.each([
    ['twenty-one', Array.from({ length: 21 }, (_, at) => `t${at}`), 'must be at most 20'],
    ['an empty one', ['ale', ' '], 'must have 1 to 50 characters'],
    ['a long one', ['x'.repeat(51)], 'must have 1 to 50 characters'],
    ['one with a comma', ['a,b'], 'must be without commas, which part tags'],
  ])('are refused with %s', (_, value, message) => {
    expect(faultsOf(tags, value)).toEqual([message])
  })

  it('may be given twice over', () => {
    expect(tags.parse(Array.from({ length: 40 }, (_, at) => `t${at % 20}`))).toHaveLength(20)
  })
})

describe('properties', () => {
  it('are nested 8 deep at most', () => {
    expect(faultsOf(properties, nested(8))).toEqual([])
    expect(faultsOf(properties, nested(9))).toEqual(['must not be nested more than 8 deep'])
    expect(faultsOf(properties, { a: [[[[[[[]]]]]]] })).toEqual([])
  })

  it('have 16,384 bytes of JSON at most', () => {
    const most = 16_384 - '{"a":""}'.length
    expect(faultsOf(properties, { a: 'x'.repeat(most) })).toEqual([])
    expect(faultsOf(properties, { a: 'x'.repeat(most + 1) })).toHaveLength(1)
    expect(faultsOf(properties, { a: 'é'.repeat(most / 2 + 1) })).toHaveLength(1)
  })

  it.each([1e308, -1e308, 1e-300])('count %d with all of its digits', (number) => {
    expect(faultsOf(properties, { a: Array(50).fill(number) })).toEqual([])
    expect(faultsOf(properties, { a: Array(60).fill(number) })).toHaveLength(1)
  })

  it.each([[[]], ['x'], [null], [1]])('are no %j', (value) => {
    expect(faultsOf(properties, value)).toHaveLength(1)
  })
})

describe('an e-mail address', () => {
  it.each(['', 'a', 'a@', '@b', 'a b@c', 'a@b@c', `${'a'.repeat(250)}@b.cd`])(
    'is not %j',
    (value) => {
      expect(faultsOf(email, value)).not.toEqual([])
    },
  )

  it.each(['a@b', 'Ada.Lovelace+x@example.com', 'ö@exämple.com'])('may be %j', (value) => {
    expect(faultsOf(email, value)).toEqual([])
  })
})

describe('some of the fields', () => {
  const changes = someOf({ name: text(1, 9), tags })

  it('are one at least', () => {
    expect(faultsOf(changes, {})).toEqual(['must have one field at least'])
    expect(changes.parse({ tags: [] })).toEqual({ tags: null })
  })
})
