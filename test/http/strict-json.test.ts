import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/errors/error.ts'
import { parseStrictly } from '../../src/http/strict-json.ts'

/** Code and faults of what is thrown; undefined where the text is taken. */
function refusalOf(text: string) {
  try {
    parseStrictly(text)
    return undefined
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return [error.code, ...(error.errors ?? []).map(({ path, message }) => `${path} ${message}`)]
  }
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('parseStrictly', () => {
  it.each([
    ['a key given twice', '{"a":{"b":1,"b":2}}', 'a.b must be given once'],
    [
      'a key given twice in other letters',
      '{"title":1,"\\u0074itle":2}',
      'title must be given once',
    ],
    ['the key of a prototype', '[{"__proto__":{}}]', '0.__proto__ is not allowed as a key'],
    ['such a key in other letters', '{"__pr\\u006fto__":1}', '__proto__ is not allowed as a key'],
    ['a constructor', '{"a":[1,{"constructor":{}}]}', 'a.1.constructor is not allowed as a key'],
    ['a NUL', '{"a":"b\\u0000c"}', 'a must not contain a NUL character'],
    ['a NUL alone', '"\\u0000"', 'body must not contain a NUL character'],
    ['half a pair', '["x","\\ud83d"]', '1 must not contain half of a surrogate pair'],
    ['the other half', '["\\uDE00\\uD83D"]', '0 must not contain half of a surrogate pair'],
    [
      'an id that is rounded',
      '{"id":9007199254740993}',
      'id is too large a number to be exact: send it as a string',
    ],
    [
      'one that is written as a fraction',
      '{"id":9007199254740993.0}',
      'id is too large a number to be exact: send it as a string',
    ],
    [
      'one that is written with an exponent',
      '[123456789012345678e2]',
      '0 is too large a number to be exact: send it as a string',
    ],
    ['a number that becomes zero', '{"n":1e-400}', 'n is too small a number'],
    ['a number beyond all', '{"n":-1e999}', 'n is too large a number'],
    ['nesting without end', nested(65), `${'0.'.repeat(64)}0 is nested deeper than 64 levels`],
  ])('refuses %s', (_, text, fault) => {
    const said = fault.length > 200 ? fault.replace(/^(.{200}).*? (?=is)/, '$1… ') : fault
    expect(refusalOf(text)).toEqual(['validation_failed', said])
  })

  it.each([
    ['a pair', '"\\ud83d\\ude00"'],
    ['an escaped backslash before what looks like a NUL', '"\\\\u0000"'],
    ['equal keys of other objects', '[{"a":{"a":1}},{"a":2}]'],
    ['equal values', '["a","a"]'],
    ['the deepest nesting', nested(64)],
    ['the largest exact number', '[9007199254740991,-9007199254740991]'],
    ['a fraction that is rounded', '0.12345678901234567890'],
    ['the largest number of all', '1.7976931348623157e308'],
    ['the smallest', '-5.0e-324'],
    ['zeros', '[0.000000000000000,0e9,-0.0e-5]'],
    [
      'an object with many keys',
      JSON.stringify(Object.fromEntries(Object.entries([...Array(40)].fill(0)))),
    ],
  ])('takes %s', (_, text) => {
    expect(refusalOf(text)).toBeUndefined()
    expect(parseStrictly(text)).toEqual(JSON.parse(text))
  })

  it('finds a key given twice among many', () => {
    const keys = Array.from({ length: 40 }, (_, n) => `"k${n}":0`)
    expect(refusalOf(`{${[...keys, '"k7":1'].join(',')}}`)).toEqual([
      'validation_failed',
      'k7 must be given once',
    ])
  })

  it('names every fault, and of many the first hundred', () => {
    expect(refusalOf('{"a":1,"a":2,"b":["\\u0000"]}')).toHaveLength(3)
    expect(refusalOf(`[${Array(300).fill('"\\u0000"').join(',')}]`)).toHaveLength(101)
  })

  it.each(['', ' ', '{', '{"a":', '"a', '"a\\', '[1,]', '{"a":1,}', '01', '1 2', 'nul', "{'a':1}"])(
    'calls %o malformed, as JSON.parse does',
    (text) => expect(refusalOf(text)).toEqual(['malformed_json']),
  )

  it('says where it goes wrong, and nothing of what stands there', () => {
    const messageOf = (text: string) => {
      try {
        return parseStrictly(text)
      } catch (error) {
        return String(error)
      }
    }
    expect(messageOf('{"title":"secret" "')).toMatch(/It goes wrong at character 19\.$/)
    expect(messageOf('{"title":"secret')).toMatch(/It ends too early\.$/)
    expect(messageOf('{"title": secret}')).not.toMatch(/secret/)
  })

  it('gives what JSON.parse gives', () => {
    const value = fc.jsonValue({ maxDepth: 6 })
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2, '\t'), (given, space) => {
        const text = JSON.stringify(given, undefined, space)
        fc.pre(!/"(__proto__|constructor)":|\\u0000|\d{16}|e\+/.test(text))
        expect(parseStrictly(text)).toEqual(JSON.parse(text))
      }),
    )
  })

  it('calls whatever JSON.parse refuses malformed, and throws nothing else', () => {
    const piece = fc.constantFrom(...'{}[],:"\\ue0d8-1.9 \n', '"a":', '\\u0000', '\\ud800', 'true')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('')
        const isJson = (() => {
          try {
            JSON.parse(text)
            return true
          } catch {
            return false
          }
        })()
        const [code] = refusalOf(text) ?? []
        expect(code === 'malformed_json').toBe(!isJson)
      }),
      { numRuns: 2000 },
    )
  })
})
