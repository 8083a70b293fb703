import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { invalidCursor } from '../../errors/error.ts'

/** Along a list, or back. */
export type Direction = 'next' | 'prev'

/** The end of a page, and the direction in which the next one lies. */
export type Cursor = {
  readonly direction: Direction
  /** The sort position of the row at that end: opaque parts that its list understands, none with a `|`. */
  readonly position: readonly string[]
}

/** Writes and reads cursors; `filters` identifies, in one canonical text, the list and its filters. */
export type CursorCodec = {
  readonly write: (cursor: Cursor, filters: string) => string
  /** @throws AppError invalid_cursor where the text was altered or belongs to other filters */
  readonly read: (text: string, filters: string) => Cursor
}

const macLength = 12
const encoder = new TextEncoder()

/**
 * Cursors that only this key could have written: base64url of `direction|position`, then the first 96 bits of
 * its HMAC-SHA-256. The signature covers the filters, which the cursor does not carry.
 */
export function cursorCodec(key: Uint8Array): CursorCodec {
  const keyed = hmac.create(sha256, key)
  const signature = (payload: string, filters: string) =>
    String.fromCharCode(
      ...keyed
        .clone()
        .update(encoder.encode(`${payload}\n${filters}`))
        .digest()
        .subarray(0, macLength),
    )

  return {
    write({ direction, position }, filters) {
      const payload = [direction, ...position].join('|')
      return toBase64Url(signature(payload, filters) + payload)
    },
    read(text, filters) {
      const bytes = fromBase64Url(text)
      const payload = bytes.slice(macLength)
      if (bytes.length <= macLength || bytes.slice(0, macLength) !== signature(payload, filters)) {
        throw invalidCursor()
      }
      const [direction, ...position] = payload.split('|')
      return { direction: direction === 'prev' ? 'prev' : 'next', position }
    },
  }
}

const toBase64Url = (bytes: string) =>
  btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')

function fromBase64Url(text: string): string {
  if (!/^[\w-]{1,512}$/.test(text)) throw invalidCursor()
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
