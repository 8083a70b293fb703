import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AppError, internalError, validationFailed } from '../errors/error.ts'
import type { Cors } from '../http/cors.ts'
import { problemDocument } from '../http/problems.ts'
import { requestIdOf } from '../http/requests.ts'
import { secureHeaders } from '../http/secure-headers.ts'

/** Answers with a problem document before the app has seen the request; a page of another origin may read it, too. */
export function refuse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  error: AppError,
  cors: Cors | undefined,
): void {
  const { 'x-request-id': sent, origin } = incoming.headers
  const { body, headers } = documentOf(error, typeof sent === 'string' ? sent : undefined)
  outgoing.writeHead(error.status, { ...headers, ...cors?.headersFor(origin) })
  outgoing.end(incoming.method === 'HEAD' ? undefined : body)
}

/** The answer to what the HTTP adapter cannot make a `Request` of. */
export function unservable(thrown: unknown): Response {
  const isRequestError = thrown instanceof Error && thrown.name === 'RequestError'
  const error = isRequestError
    ? validationFailed([{ path: 'url', message: 'is not a URL together with the host' }])
    : internalError(thrown)
  const { body, headers } = documentOf(error, undefined)
  return new Response(body, { status: error.status, headers })
}

/** A problem document with the headers of every response, its own id where none `sentId`. */
export function documentOf(error: AppError, sentId: string | undefined) {
  const requestId = requestIdOf(sentId)
  const { body, headers } = problemDocument(error, requestId)
  const common = {
    'Content-Length': String(Buffer.byteLength(body)),
    'X-Request-Id': requestId,
    'Server-Timing': 'total;dur=0',
    ...secureHeaders,
  }
  return { body, headers: { ...headers, ...common } }
}
