import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../src/errors/error.ts'
import { cursorCodec } from '../../../src/http/paging/cursor.ts'

const keyOf = (text: string) => new TextEncoder().encode(text)
const codec = cursorCodec(keyOf('one key'))
const cursor = { direction: 'next', position: ['2020-05-31T01:40:47.307000Z', '42'] } as const

function codeOf(read: () => unknown): string {
  try {
    read()
    return 'read'
  } catch (error) {
    return error instanceof AppError ? error.code : String(error)
  }
}

describe('cursorCodec', () => {
  it('reads what it wrote', () => {
    const part = fc.oneof(fc.stringMatching(/^[\w:.-]{0,30}$/), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(fc.constantFrom('next', 'prev'), fc.array(part), part, (direction, parts, of) => {
        const written = codec.write({ direction, position: parts }, of)
        expect(written).toMatch(/^[\w-]+$/)
        expect(codec.read(written, of)).toEqual({ direction, position: parts })
      }),
    )
  })

  it('holds a name of 200 characters, whichever they are', () => {
    for (const character of ['💥', '|', '%', '\n', 'é', '\uffff', '"']) {
      const position = [character.repeat(200), '-9223372036854775808']
      const written = codec.write({ direction: 'prev', position }, 'users')
      expect(codec.read(written, 'users')).toEqual({ direction: 'prev', position })
    }
  })

  it('writes what is plain as it ever did', () => {
    expect(codec.write(cursor, 'feed')).toBe(
      'BOQrT1g-5QUQ-VfPbmV4dHwyMDIwLTA1LTMxVDAxOjQwOjQ3LjMwNzAwMFp8NDI',
    )
  })

  it('refuses a cursor with any character changed', () => {
    const written = codec.write(cursor, 'feed')
    for (let at = 0; at < written.length; at++) {
      const other = written[at] === 'A' ? 'B' : 'A'
      const changed = written.slice(0, at) + other + written.slice(at + 1)
      expect(codeOf(() => codec.read(changed, 'feed'))).toBe('invalid_cursor')
    }
  })

  it('refuses a cursor of other filters, and of another key', () => {
    const written = codec.write(cursor, 'feed kind=post')
    expect(codeOf(() => codec.read(written, 'feed kind=comment'))).toBe('invalid_cursor')
    const other = cursorCodec(keyOf('another key'))
    expect(codeOf(() => other.read(written, 'feed kind=post'))).toBe('invalid_cursor')
  })

  it.each(['', 'x', 'AAAAAAAAAAAAAAAA', '=', 'a b', '💥', 'A'.repeat(10_000)])(
    'refuses %j',
    (text) => {
      expect(codeOf(() => codec.read(text, 'feed'))).toBe('invalid_cursor')
    },
  )
})
