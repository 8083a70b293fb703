import type { Context, ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { AppError, type ErrorCode, internalError, notFound, problems } from '../errors/error.ts'
import { fromPostgres } from '../errors/postgres.ts'
import type { AppEnv } from './context.ts'

/** Answers whatever was thrown with its problem document; an unforeseen error reveals nothing of itself. */
export const onError: ErrorHandler<AppEnv> = (thrown, c) => renderProblem(c, asAppError(thrown))

export const onNotFound: NotFoundHandler<AppEnv> = (c) => renderProblem(c, notFound('Path'))

/** Writes an RFC 9457 problem document. */
export function renderProblem(c: Context<AppEnv>, error: AppError): Response {
  const { body, headers } = problemDocument(error, c.var.requestId)
  return c.body(body, error.status, headers)
}

export type ProblemDocument = {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** The document of a failure, for whoever answers without a context. */
export function problemDocument(error: AppError, requestId: string): ProblemDocument {
  const { code, status, detail, errors } = error
  const body = {
    type: `https://shopboard.dev/problems/${code}`,
    title: problems[code].title,
    status,
    detail,
    code,
    requestId,
    errors,
  }
  const headers = {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...(error.retryAfter !== undefined && { 'Retry-After': String(error.retryAfter) }),
    ...(error.size !== undefined && { 'Content-Range': `bytes */${error.size}` }),
    ...(error.allow && { Allow: error.allow.join(', ') }),
    ...(error.challenge !== undefined && { 'WWW-Authenticate': error.challenge }),
  }
  return { body: JSON.stringify(body), headers }
}

/** The failure a client sees, whatever was thrown. */
export const asAppError = (thrown: unknown): AppError =>
  (thrown instanceof HTTPException ? fromHono(thrown) : fromPostgres(thrown)) ??
  internalError(thrown)

/**
 * Hono's validators and body limit throw this. The code follows from the status; only its message tells a body that
 * is not JSON (`test/http/problems.test.ts` fails when that text changes).
 */
function fromHono(thrown: HTTPException): AppError | undefined {
  const code = /malformed json/i.test(thrown.message) ? 'malformed_json' : codeOf(thrown.status)
  return code && new AppError(code, undefined, { cause: thrown })
}

const codes = Object.keys(problems) as ErrorCode[]
const codeOf = (status: number) =>
  codes.find((code) => status < 500 && problems[code].status === status)
