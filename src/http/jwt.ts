import { decode, verifyWithJwks } from 'hono/jwt'
import { scopesAmong } from '../auth/caller.ts'
import type { Verdict } from '../auth/verdict.ts'
import { issuerKeys } from './issuer-keys.ts'

export type JwtOptions = {
  /** Of the issuer's public keys (JWKS, RFC 7517). */
  readonly url: string
  readonly issuer: string
  readonly audience: string
  /** The claim that has the scopes: a text with spaces between, or a list. */
  readonly scopeClaim: string
  /** Whether those who ask at the same time wait for one fetch of the keys; default yes. */
  readonly isShared?: boolean
}

/** A secret that both sides know, and none at all, prove nothing. */
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

/** A name of a caller as the audit log may have it. */
const subject = /^[^\p{Cc}\p{Cs}]{1,200}$/u

/**
 * Judges a JSON Web Token: signed by the issuer, for us, not expired and with a subject.
 * @throws AppError issuer_unavailable where the issuer's keys cannot be had
 */
export function jwtJudge(options: JwtOptions): (token: string) => Promise<Verdict> {
  const { issuer: iss, audience: aud, scopeClaim } = options
  const keys = issuerKeys(options)
  return async function judge(token) {
    const header = headerOf(token)
    if (header?.kid === undefined) return refused('The token is not valid here.')
    const found = await keys(header.kid)
    if (!found) return refused('The token is not valid here.')
    try {
      const payload = await verifyWithJwks(token, {
        keys: [found],
        allowedAlgorithms: algorithms,
        // the clocks of an issuer and a server differ: when it was issued says nothing, nbf is read below
        verification: {
          iss,
          aud,
          iat: false,
          nbf: false,
          ...(header.typ && { typ: ['JWT', 'at+jwt'] }),
        },
      })
      const { sub, exp, nbf } = payload
      if (isAhead(nbf)) return refused('The token is not valid yet.')
      if (typeof sub !== 'string' || !subject.test(sub)) return refused('The token has no subject.')
      if (typeof exp !== 'number') return refused('The token never expires.')
      return {
        caller: { actor: `jwt:${sub}`, scopes: scopesAmong(namesIn(payload[scopeClaim])) },
        goodUntil: performance.now() + exp * 1000 - Date.now(),
      }
    } catch (error) {
      const isExpired = error instanceof Error && error.name === 'JwtTokenExpired'
      return refused(isExpired ? 'The token is expired.' : 'The token is not valid here.')
    }
  }
}

/** Seconds by which the clock of an issuer may be before ours. */
const leeway = 60
const isAhead = (nbf: unknown): boolean =>
  nbf !== undefined && !(typeof nbf === 'number' && nbf <= Date.now() / 1000 + leeway)

const refused = (refusal: string): Verdict => ({ caller: undefined, refusal })

function headerOf(token: string) {
  try {
    return decode(token).header
  } catch {
    return undefined
  }
}

const namesIn = (claim: unknown): readonly string[] => {
  if (typeof claim === 'string') return claim.split(' ')
  return Array.isArray(claim) ? claim.filter((each) => typeof each === 'string') : []
}
