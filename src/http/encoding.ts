import { parseAccept } from 'hono/utils/accept'
import type { Entry } from '../cache/cache.ts'

/** https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1 */
export type Encoding = 'br' | 'gzip'
export type Bytes = Uint8Array<ArrayBuffer>
/** Compresses off the thread that answers. */
export type Compress = (text: string, encoding: Encoding) => Promise<Bytes>

/** The bytes of an entry, made once for all who ask at the same time and later. */
export type Encoder = (entry: Entry, encoding: Encoding) => Bytes | Promise<Bytes>

/** Characters below which compressing saves less than a packet. */
const threshold = 1024
/** Characters of a header that are read: 16,000 commas would take 30 ms, and no client sends more than some 50. */
const longest = 256
/** `Accept-Encoding` headers remembered: browsers and libraries send few. */
const mostRemembered = 100

/** Keeps what it compressed as long as the entry lives; `onKept` is told the bytes that it takes beside the text. */
export function encoder(
  compress: Compress,
  onKept: (entry: Entry, size: number) => void = () => {},
): Encoder {
  const kept = new WeakMap<Entry, Map<Encoding, Bytes | Promise<Bytes>>>()
  return (entry, encoding) => {
    const known = kept.get(entry)
    const existing = known?.get(encoding)
    if (existing) return existing
    const encodings = known ?? new Map<Encoding, Bytes | Promise<Bytes>>()
    if (!known) kept.set(entry, encodings)
    const making = compress(entry.text, encoding).then(
      (bytes) => {
        encodings.set(encoding, bytes)
        onKept(entry, bytes.byteLength)
        return bytes
      },
      (error: unknown) => {
        encodings.delete(encoding)
        throw error
      },
    )
    encodings.set(encoding, making)
    return making
  }
}

const remembered = new Map<string, Encoding | undefined>()

/** What a client would rather have than the text as it is; undefined where that is best, or nothing else is known. */
export function encodingFor(
  acceptEncoding: string | undefined,
  text: string,
): Encoding | undefined {
  if (acceptEncoding === undefined || text.length < threshold) return undefined
  if (acceptEncoding.length > longest) return undefined
  if (remembered.has(acceptEncoding)) return remembered.get(acceptEncoding)
  if (remembered.size >= mostRemembered) remembered.clear()
  const encoding = preferred(acceptEncoding)
  remembered.set(acceptEncoding, encoding)
  return encoding
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3 */
function preferred(acceptEncoding: string): Encoding | undefined {
  const qualities = new Map(
    parseAccept(acceptEncoding.toLowerCase()).map(({ type, q }) => [type, q]),
  )
  const qualityOf = (name: string) => qualities.get(name) ?? qualities.get('*') ?? 0
  // named by nobody, the text as it is comes last
  const plain = qualities.get('identity') ?? 0
  const [br, gzip] = [qualityOf('br'), qualityOf('gzip')]
  const best = Math.max(br, gzip)
  if (best === 0 || plain > best) return undefined
  return br === best ? 'br' : 'gzip'
}
