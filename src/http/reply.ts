import type { Context } from 'hono'
import type { AppEnv } from './context.ts'
import { serverTiming } from './server-timing.ts'

type Headers = Readonly<Record<string, string>>

/** The headers every response carries. */
const commonHeaders = (c: Context<AppEnv>): Headers => ({
  'X-Request-Id': c.get('requestId'),
  'Server-Timing': serverTiming(c.get('timing')),
  'X-Content-Type-Options': 'nosniff',
})

/**
 * A finished response from plain headers: `c.body` would make `Headers` of them, a tenth of a cached answer's
 * time. Headers set by `c.header` before are not in it.
 */
export function reply(
  c: Context<AppEnv>,
  body: string | null,
  status: number,
  headers: Headers,
): Response {
  const response = new Response(body, { status, headers: { ...headers, ...commonHeaders(c) } })
  c.set('replied', response)
  return response
}

/** Adds the common headers to the response, unless it is the very one that `reply` wrote them into. */
export function addCommonHeaders(c: Context<AppEnv>): void {
  if (c.res === c.get('replied')) return
  for (const [name, value] of Object.entries(commonHeaders(c))) c.res.headers.set(name, value)
}
