import { describe, expect, it } from 'vitest'
import type { Original } from '../../../src/commands/import/originals.ts'
import { csvReason, ndjsonReason } from '../../../src/commands/import/reason.ts'

const original = (text: string, fields?: readonly string[]): Original => ({
  line: 1,
  bytes: () => Buffer.from(text, 'latin1'),
  ...(fields && { fields }),
})
const why = 'is "odd", é'

describe('csvReason', () => {
  const names = ['id', 'username']
  it('adds a quoted field to whatever the row is, and keeps its bytes and its line end', () => {
    const { header, withReason } = csvReason(original('id;username\r\n', names), ';')
    expect(header.toString()).toBe('id;username;rejected_because\r\n')
    expect(withReason(original('1;"a\nb"\r\n', ['1', 'a\nb']), why).toString()).toBe(
      '1;"a\nb";"is ""odd"", é"\r\n',
    )
    expect(withReason(original('1;\xe9\0'), 'x')).toEqual(Buffer.from('1;\xe9\0;"x"\n', 'latin1'))
  })

  it.each([
    ['1,Ann,"old"\n', ['1', 'Ann', 'old'], '1,Ann,"new"\n'],
    ['1,"A, ""B""","o ""l"" d"\n', ['1', 'A, "B"', 'o "l" d'], '1,"A, ""B""","new"\n'],
    ['1,Ann,old\n', ['1', 'Ann', 'old'], '1,Ann,"new"\n'],
    ['1,Ann,\n', ['1', 'Ann', ''], '1,Ann,"new"\n'],
    ['1,"Ann,"old"\n', undefined, '1,"Ann,"new"\n'],
    ['1,An"n\n', undefined, '1,An"n,"new"\n'],
    ['1,Ann,""\n', ['1', 'Ann', ''], '1,Ann,"new"\n'],
    ['1,Ann,""""\n', ['1', 'Ann', '"'], '1,Ann,"new"\n'],
    ['1,"Ann""","old"""\n', ['1', 'Ann"', 'old"'], '1,"Ann""","new"\n'],
    ['1,","old"\n', undefined, '1,","new"\n'],
    ['"\n', undefined, '","new"\n'],
  ])('puts it in the place of an earlier one: %j', (row, fields, expected) => {
    const rejects = original('id,username,rejected_because\n', [...names, 'rejected_because'])
    const { header, withReason } = csvReason(rejects, ',')
    expect(header.toString()).toBe('id,username,rejected_because\n')
    expect(withReason(original(row, fields), 'new').toString()).toBe(expected)
  })

  it('reads a row of quotes from its end, not from each of them', () => {
    const rejects = original('id,username,rejected_because\n', [...names, 'rejected_because'])
    const row = `1,"${'""'.repeat(500_000)}"`
    const { withReason } = csvReason(rejects, ',')
    const written = withReason(original(`${row},old\n`, ['1', '"', 'old']), 'new')
    expect(written.equals(Buffer.from(`${row},"new"\n`))).toBe(true)
  })
})

describe('ndjsonReason', () => {
  it.each([
    ['{"id":9007199254740993}\n', '{"id":9007199254740993,"rejected_because":"x"}\n'],
    ['{"id":1 } \r\n', '{"id":1,"rejected_because":"x"}\n'],
    ['{"id":1,"rejected_because":"o\\"ld"}\n', '{"id":1,"rejected_because":"x"}\n'],
    ['{"id":"}"}', '{"id":"}","rejected_because":"x"}\n'],
    ['[1]\n', '{"rejected_because":"x"}\n[1]\n'],
    ['{}\n', '{"rejected_because":"x"}\n{}\n'],
    ['{"id":1\n', '{"rejected_because":"x"}\n{"id":1\n'],
    ['{"id":1 , "rejected_because" : "old" }\n', '{"id":1 ,"rejected_because":"x"}\n'],
    [
      '{"id":"\\"rejected_because\\":\\"o\\""}',
      '{"id":"\\"rejected_because\\":\\"o\\"","rejected_because":"x"}\n',
    ],
    ['{"id":1,"rejected_because":"rejected_because"}\n', '{"id":1,"rejected_because":"x"}\n'],
  ])('adds a member to %j, or a line before it', (text, expected) =>
    expect(ndjsonReason(original(text), 'x').toString()).toBe(expected),
  )

  it('leaves the last byte of a letter that is a space in Latin-1', () => {
    const line = Buffer.from('{"id":1} à\r\n').toString('latin1')
    expect(ndjsonReason(original(line), 'x').toString()).toBe(
      '{"rejected_because":"x"}\n{"id":1} à\n',
    )
  })

  it('reads a member of spaces once, not from each of them', () => {
    const row = `{"id":1,"body":"${' '.repeat(1_000_000)}"`
    const written = ndjsonReason(original(`${row}}\n`), 'x')
    expect(written.equals(Buffer.from(`${row},"rejected_because":"x"}\n`))).toBe(true)
  })
})
