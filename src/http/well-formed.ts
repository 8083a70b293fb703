import type { MiddlewareHandler } from 'hono'
import { type FieldError, validationFailed } from '../errors/error.ts'
import type { AppEnv } from './context.ts'

/** Characters; Node itself stops at 16 KiB of headers. */
const longestUrl = 8192

/** Rejects a URL that is too long, wrongly percent-encoded or contains a NUL. */
export const wellFormed: MiddlewareHandler<AppEnv> = function wellFormed(c, next) {
  const { url } = c.req
  if (url.length > longestUrl) {
    throw validationFailed([{ path: 'url', message: `at most ${longestUrl} characters` }])
  }
  if (!url.includes('%')) return next()
  const [path = '', query = ''] = url.split('?', 2)
  const errors = [
    fieldErrorIn('url', path),
    ...query.split('&').map((pair) => fieldErrorIn(pair.split('=', 1)[0] ?? '', pair)),
  ].filter((error) => error !== undefined)
  if (errors.length > 0) throw validationFailed(errors)
  return next()
}

function fieldErrorIn(path: string, encoded: string): FieldError | undefined {
  try {
    if (!decodeURIComponent(encoded).includes('\0')) return undefined
    return { path, message: 'must not contain a NUL character' }
  } catch {
    return { path, message: 'is not valid percent-encoded UTF-8' }
  }
}
