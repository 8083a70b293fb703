import type { Context } from 'hono'
import type { AppEnv } from './context.ts'
import type { Bytes } from './encoding.ts'
import { secureHeaders } from './secure-headers.ts'
import { serverTiming } from './server-timing.ts'

type Headers = Readonly<Record<string, string>>

/** The headers every response carries. */
const commonHeaders = (c: Context<AppEnv>): Headers => ({
  'X-Request-Id': c.get('requestId'),
  'Server-Timing': serverTiming(c.get('timing')),
  ...c.get('strictTransport'),
  ...c.get('crossOrigin'),
  ...c.get('rateLimit'),
})

/**
 * A finished response from plain headers: `c.body` would make `Headers` of them, a tenth of a cached answer's
 * time. Headers set by `c.header` before are not in it.
 */
export function reply(
  c: Context<AppEnv>,
  body: string | Bytes | ReadableStream<Bytes> | null,
  status: number,
  headers: Headers,
): Response {
  const common = commonHeaders(c)
  const all = { ...secureHeaders, ...headers, ...common }
  if (headers.Vary && common.Vary) all.Vary = `${headers.Vary}, ${common.Vary}`
  const response = new Response(body, { status, headers: all })
  c.set('replied', response)
  return response
}

/** Adds the common headers to the response, unless it is the very one that `reply` wrote them into. */
export function addCommonHeaders(c: Context<AppEnv>): void {
  if (c.res === c.get('replied')) return
  const { headers } = c.res
  const { Vary: varying, ...common } = commonHeaders(c)
  for (const [name, value] of Object.entries(common)) headers.set(name, value)
  for (const [name, value] of Object.entries(secureHeaders))
    if (!headers.has(name)) headers.set(name, value)
  if (varying && !headers.get('vary')?.includes(varying)) headers.append('Vary', varying)
}
