import { z } from 'zod'
import { issuerUnavailable } from '../errors/error.ts'

/** ms after which the keys are fetched anew, and for which they are used when that fails. */
const freshFor = 600_000
const usableFor = 3_600_000
/** ms from one fetch to the next: a crowd of tokens with keys that nobody knows asks an issuer little. */
const pause = 10_000
const timeout = 3_000
/** Characters. */
const longest = 262_144

const issuerKey = z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']), kid: z.string() })
const jwks = z.object({ keys: z.array(z.unknown()) })
type IssuerKey = z.infer<typeof issuerKey>
type Known = { readonly byId: ReadonlyMap<string, IssuerKey>; readonly at: number }

/**
 * The keys of an issuer by their ids, fetched when they are first asked for, when they are old, and when one is asked for that
 * is not among them. @throws AppError issuer_unavailable
 */
export function issuerKeys({ url, isShared = true }: { url: string; isShared?: boolean }) {
  let known: Known | undefined
  let failure: unknown
  let triedAt = Number.NEGATIVE_INFINITY
  let flight: Promise<void> | undefined

  async function refresh() {
    triedAt = performance.now()
    try {
      known = { byId: await fetchKeys(url), at: triedAt }
      failure = undefined
    } catch (error) {
      failure = error
    }
  }

  async function refreshed() {
    if (!isShared) return refresh()
    flight ??= refresh().finally(() => {
      flight = undefined
    })
    return flight
  }

  return async function keyOf(id: string): Promise<IssuerKey | undefined> {
    const now = performance.now()
    const isFresh = known !== undefined && now - known.at < freshFor && known.byId.has(id)
    if (!isFresh && (now - triedAt >= pause || flight)) await refreshed()
    const usable =
      known && performance.now() - known.at < usableFor ? known.byId.get(id) : undefined
    if (!usable && failure !== undefined) throw issuerUnavailable(failure)
    return usable
  }
}

async function fetchKeys(url: string): Promise<Known['byId']> {
  const response = await fetch(url, {
    headers: { Accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeout),
  })
  if (!response.ok) throw new Error(`The issuer answered ${response.status}`)
  const text = await response.text()
  if (text.length > longest) throw new Error('The keys of the issuer are too long')
  const { keys } = jwks.parse(JSON.parse(text))
  return new Map(
    keys.flatMap((each) => {
      const { data: key } = issuerKey.safeParse(each)
      return key ? [[key.kid, key] as const] : []
    }),
  )
}
