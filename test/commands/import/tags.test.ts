import { describe, expect, it } from 'vitest'
import { tags } from '../../../src/commands/import/tags.ts'

describe('tags', () => {
  it.each([
    ['["Ale", " ale ","dry hop"]', '{"ale","dry hop"}'],
    [['a"b', 'c\\d'], '{"a\\"b","c\\\\d"}'],
    ['{ale,"dry hop","a\\"b"}', '{"ale","dry hop","a\\"b"}'],
    ['<ale><dry-hop>', '{"ale","dry-hop"}'],
    ['ale, dry hop;porter|stout', '{"ale","dry hop","porter","stout"}'],
    ['[]', '{}'],
    ['{}', '{}'],
    ['', null],
    [null, null],
  ])('reads %j', (given, written) => {
    expect(tags(given)).toBe(written)
  })

  it.each([
    ['["ale"', 'is not a list of texts'],
    ['[["ale"]]', 'is not a list of texts'],
    ['[null]', 'is not a list of texts'],
    ['{ale,{porter}}', 'is not an array'],
    ['{"ale}', 'is not an array'],
    [{ a: 1 }, 'is not a text'],
    ['["a\\u0000"]', 'holds a NUL character'],
    [['x'.repeat(51)], 'holds one of more than 50 characters'],
    [Array.from({ length: 21 }, (_, at) => `tag ${at}`), 'are more than 20'],
  ])('refuses %j', (given, reason) => {
    expect(tags(given)).toEqual({ reason })
  })
})
