import type { ConfigError } from '../config.ts'
import { internalError } from '../errors/error.ts'
import { problemDocument } from '../http/problems.ts'
import { requestIdOf } from '../http/requests.ts'
import { secureHeaders } from '../http/secure-headers.ts'
import { log } from './log.ts'

const said = new Set<string>()

/** Answers where the Worker's configuration does not do: 500, and the log has the reason, once an isolate. */
export function misconfigured(request: Request, error: ConfigError): Response {
  sayOnce(error)
  const requestId = requestIdOf(request.headers.get('x-request-id') ?? undefined)
  const { body, headers } = problemDocument(internalError(error), requestId)
  return new Response(request.method === 'HEAD' ? null : body, {
    status: 500,
    headers: { ...headers, 'X-Request-Id': requestId, ...secureHeaders },
  })
}

export function sayOnce({ message }: ConfigError): void {
  if (said.has(message)) return
  said.add(message)
  log('error', 'The Worker is not configured', { fault: message })
}
