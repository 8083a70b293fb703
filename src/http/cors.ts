/** Which pages of other origins a browser lets read the answers. */
export type Cors = {
  /** As browsers send them; `*` for any. */
  readonly origins: readonly string[]
  /** What an answer carries for a request with this `Origin`. */
  readonly headersFor: (origin: string | undefined) => Readonly<Record<string, string>>
}

const exposed =
  'Link, ETag, Location, Idempotency-Replayed, X-Request-Id, Server-Timing, Retry-After, RateLimit, RateLimit-Policy'

/**
 * Lets pages of these origins read every answer, failures too; undefined for none. Cookies are never part of it. The
 * origin `null` is any sandboxed frame or file: only `*` lets it.
 */
export function corsOf(origins: readonly string[]): Cors | undefined {
  if (origins.length === 0) return undefined
  const isAny = origins.includes('*')
  const varying = isAny ? {} : { Vary: 'Origin' }
  const allowed = new Map(
    origins.map((origin) => [
      origin,
      {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': exposed,
        // what the page's own measurements may tell: `serverTiming` among it
        'Timing-Allow-Origin': origin,
        ...varying,
      },
    ]),
  )
  return {
    origins,
    headersFor: (origin = '') => allowed.get(isAny ? '*' : origin) ?? varying,
  }
}
