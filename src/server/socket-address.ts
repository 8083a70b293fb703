import { getConnInfo } from '@hono/node-server/conninfo'
import { clientAddress, type TrustProxy } from '../http/address.ts'
import type { Services } from '../http/context.ts'
import type { Observer } from '../observability/observation.ts'

/** The client's address of a request that came over a socket; a proxy that nobody trusts is told of once. */
export function socketAddress(
  trust: TrustProxy | undefined,
  observe: Observer,
): NonNullable<Services['addressOf']> {
  const addressOf = clientAddress(trust)
  let isTold = trust !== undefined
  return function socketAddress(c) {
    const forwardedFor = () => c.req.header('x-forwarded-for')
    const { address } = getConnInfo(c).remote
    if (!isTold && forwardedFor() !== undefined) {
      isTold = true
      observe({ type: 'untrusted_proxy', address })
    }
    return addressOf(address, forwardedFor)
  }
}
