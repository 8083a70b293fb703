import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { invalidCursor } from '../../errors/error.ts'

/** Along a list, or back. */
export type Direction = 'next' | 'prev'

/** The end of a page, and the direction in which the next one lies. */
export type Cursor = {
  readonly direction: Direction
  /** The sort position of the row at that end: opaque parts that its list understands, in any characters. */
  readonly position: readonly string[]
}

/** Writes and reads cursors; `filters` identifies, in one canonical text, the list and its filters. */
export type CursorCodec = {
  readonly write: (cursor: Cursor, filters: string) => string
  /** @throws AppError invalid_cursor where the text was altered or belongs to other filters */
  readonly read: (text: string, filters: string) => Cursor
}

const macLength = 12
/** Of a name of 200 characters as a position, four bytes or a `%7C` each, some 1,200. */
const mostCharacters = 2048
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/**
 * Cursors that only this key could have written: base64url of the first 96 bits of an HMAC-SHA-256 and
 * `direction|position` in UTF-8. The signature covers the filters, which the cursor does not carry.
 */
export function cursorCodec(key: Uint8Array): CursorCodec {
  const keyed = hmac.create(sha256, key)
  const signature = (payload: Uint8Array, filters: string) =>
    binary(
      keyed
        .clone()
        .update(payload)
        .update(encoder.encode(`\n${filters}`))
        .digest()
        .subarray(0, macLength),
    )

  return {
    write({ direction, position }, filters) {
      const payload = encoder.encode([direction, ...position.map(escaped)].join('|'))
      return toBase64Url(signature(payload, filters) + binary(payload))
    },
    read(text, filters) {
      const bytes = fromBase64Url(text)
      const payload = Uint8Array.from(bytes.slice(macLength), codeOf)
      if (payload.length === 0 || bytes.slice(0, macLength) !== signature(payload, filters)) {
        throw invalidCursor()
      }
      const [direction, ...position] = decoder.decode(payload).split('|')
      return {
        direction: direction === 'prev' ? 'prev' : 'next',
        position: position.map(unescaped),
      }
    },
  }
}

const escaped = (part: string) => part.replace(/[%|]/g, encodeURIComponent)
const unescaped = (part: string) => part.replace(/%25|%7C/g, decodeURIComponent)

/** Bytes as the characters that `btoa` takes. */
const binary = (bytes: Uint8Array) => String.fromCharCode(...bytes)
const codeOf = (character: string) => character.charCodeAt(0)

const toBase64Url = (bytes: string) =>
  btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

function fromBase64Url(text: string): string {
  if (text.length > mostCharacters || !/^[\w-]+$/.test(text)) throw invalidCursor()
  const bytes = decoded(text)
  if (bytes === undefined || toBase64Url(bytes) !== text) throw invalidCursor()
  return bytes
}

function decoded(text: string): string | undefined {
  try {
    return atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  } catch {
    return undefined
  }
}
