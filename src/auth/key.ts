import { sha256 } from '@noble/hashes/sha2.js'

/** A key is `sb_`, 256 random bits and a checksum: of what stands before, so that a typo is known without a query. */
const start = 'sb_'
const randomLength = 43
const checkLength = 6
const length = start.length + randomLength + checkLength
/** What is shown of a key: 48 of its 256 bits. */
const prefixLength = start.length + 8

export type NewKey = {
  /** The key itself, which is stored nowhere. */
  readonly key: string
  readonly prefix: string
  readonly hash: string
}

export function newKey(): NewKey {
  const random = crypto.getRandomValues(new Uint8Array(32))
  const number = BigInt(`0x${hexOf(random)}`)
  const checked = start + base62(number, randomLength)
  const key = checked + checkOf(checked)
  return { key, prefix: prefixOf(key), hash: hashOf(key) }
}

/** What may be shown of a key. */
export const prefixOf = (key: string): string => key.slice(0, prefixLength)

/** Whether it has the form of a key and its checksum is right. */
export const isKey = (text: string): boolean =>
  text.length === length &&
  text.startsWith(start) &&
  checkOf(text.slice(0, -checkLength)) === text.slice(-checkLength)

/** Whether it is what is shown of a key. */
export const isKeyPrefix = (text: string): boolean => /^sb_[\da-zA-Z]{8}$/.test(text)

/** SHA-256 as hexadecimal digits. A random key needs no slow hash: there is nothing to guess it by. */
export const hashOf = (text: string): string => hexOf(sha256(encoder.encode(text)))

const encoder = new TextEncoder()
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

const hexOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

function base62(number: bigint, width: number): string {
  let text = ''
  for (let rest = number; rest > 0n; rest /= 62n) text = digits.charAt(Number(rest % 62n)) + text
  return text.padStart(width, '0')
}

/** CRC-32 (IEEE 802.3) of a text of ASCII in six digits; any other text has one that no key has. */
function checkOf(text: string): string {
  let crc = 0xffffffff
  for (let i = 0; i < text.length; i++)
    crc = (crc >>> 8) ^ (remainders[(crc ^ text.charCodeAt(i)) & 0xff] ?? 0)
  let rest = (crc ^ 0xffffffff) >>> 0
  let check = ''
  for (let i = 0; i < checkLength; i++) {
    check = digits.charAt(rest % 62) + check
    rest = Math.floor(rest / 62)
  }
  return check
}

const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++)
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1
  return remainder
})
