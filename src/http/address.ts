import {
  convertIPv4BinaryToString,
  convertIPv4ToBinary,
  convertIPv6BinaryToString,
  convertIPv6ToBinary,
} from 'hono/utils/ipaddr'

/** Who is believed about whom a request comes from: so many proxies in a row, or those of these networks. */
export type TrustProxy = number | readonly string[]

/** The client's address, from the connection's and the `X-Forwarded-For` that came over it; undefined where none is known. */
export type ClientAddress = (
  peer: string | undefined,
  forwardedFor: () => string | undefined,
) => string | undefined

/**
 * Without `trust` the connection's own address. Else `X-Forwarded-For` is read from the right, where each proxy adds whom
 * it got the request from, as long as he who wrote an entry is trusted; an entry that is no address ends the walk.
 */
export function clientAddress(trust: TrustProxy | undefined): ClientAddress {
  if (trust === undefined) return (peer) => (peer?.includes(':') ? canonical(peer) : peer)
  const isTrusted = trusting(trust)
  return function addressOf(peer, forwardedFor) {
    let known = parse(peer ?? '')
    if (known === undefined) return undefined
    if (!isTrusted(known, 0)) return textOf(known)
    const entries = forwardedFor()?.split(',') ?? []
    for (let hop = 1; ; hop++) {
      const next = parse(withoutPort(entries.pop()?.trim() ?? ''))
      if (next === undefined) return textOf(known)
      known = next
      if (!isTrusted(known, hop)) return textOf(known)
    }
  }
}

/** What is counted together: an IPv4 address, or the /64 network of an IPv6 one, of which a household has all. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const bits = parse(address)
  return bits === undefined ? address : `${convertIPv6BinaryToString((bits >> 64n) << 64n)}/64`
}

/** Whether an address, as `clientAddress` writes it, is one of the machine's own. */
export const isLoopback = (address: string): boolean =>
  address === '::1' || address.startsWith('127.')

/** 128 bits: an IPv4 address is what it is mapped to in IPv6. */
type Bits = bigint

const mapped = 0xffff_0000_0000n
const isMapped = (bits: Bits) => bits >> 32n === 0xffffn

const names: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

function trusting(trust: TrustProxy): (address: Bits, hop: number) => boolean {
  if (typeof trust === 'number') return (_, hop) => hop < trust
  const networks = trust.flatMap((each) => names[each] ?? [each]).map(networkFrom)
  return (address) => networks.some(({ bits, shift }) => address >> shift === bits)
}

function networkFrom(text: string): { readonly bits: Bits; readonly shift: bigint } {
  const [address = '', length] = text.split('/')
  const isV4 = !address.includes(':')
  const shift = length === undefined ? 0n : (isV4 ? 32n : 128n) - BigInt(length)
  return { bits: (parse(address) ?? 0n) >> shift, shift }
}

/** Undefined for what is no address; a zone (`fe80::1%eth0`) is not part of it. */
function parse(text: string): Bits | undefined {
  try {
    return text.includes(':') ? convertIPv6ToBinary(text) : mapped + convertIPv4ToBinary(text)
  } catch {
    return undefined
  }
}

const canonical = (text: string): string | undefined => {
  const bits = parse(text)
  return bits === undefined ? undefined : textOf(bits)
}

const textOf = (bits: Bits): string =>
  isMapped(bits) ? convertIPv4BinaryToString(bits & 0xffff_ffffn) : convertIPv6BinaryToString(bits)

/** Some proxies write `203.0.113.7:4711` or `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const [, v6, v4] = /^(?:\[([^\]]*)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/.exec(entry) ?? []
  return v6 ?? v4 ?? entry
}
