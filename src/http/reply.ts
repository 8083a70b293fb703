import type { Context } from 'hono'
import type { AppEnv } from './context.ts'
import { serverTiming } from './server-timing.ts'

type Headers = Readonly<Record<string, string>>

/** What every response carries. */
const commonHeaders = (c: Context<AppEnv>): Headers => ({
  'X-Request-Id': c.get('requestId'),
  'Server-Timing': serverTiming(c.get('timing')),
  'X-Content-Type-Options': 'nosniff',
})

/**
 * A finished response from plain headers: `c.body` would make `Headers` of them, a tenth of a cached answer's
 * time. What was set by `c.header` before is not in it.
 */
export function reply(
  c: Context<AppEnv>,
  body: string | null,
  status: number,
  headers: Headers,
): Response {
  c.get('timing').headersWritten = true
  return new Response(body, { status, headers: { ...headers, ...commonHeaders(c) } })
}

/** Adds to a response of any other making what `reply` has put into its own. */
export function addCommonHeaders(c: Context<AppEnv>): void {
  if (c.get('timing').headersWritten && !c.error) return
  for (const [name, value] of Object.entries(commonHeaders(c))) c.res.headers.set(name, value)
}
