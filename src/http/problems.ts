import type { Context, ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { AppError, type ErrorCode, internalError, notFound, problems } from '../errors/error.ts'
import { fromPostgres } from '../errors/postgres.ts'
import type { AppEnv } from './context.ts'

/** Turns whatever was thrown into its problem document; what is not foreseen says nothing of itself. */
export const onError: ErrorHandler<AppEnv> = (thrown, c) => renderProblem(c, asAppError(thrown))

export const onNotFound: NotFoundHandler<AppEnv> = (c) => renderProblem(c, notFound('Path'))

/** Writes RFC 9457. */
export function renderProblem(c: Context<AppEnv>, error: AppError): Response {
  const { code, status, detail, errors } = error
  const body = {
    type: `https://shopboard.dev/problems/${code}`,
    title: problems[code].title,
    status,
    detail,
    code,
    requestId: c.var.requestId,
    errors,
  }
  return c.body(JSON.stringify(body), status, {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...(error.retryAfter !== undefined && { 'Retry-After': String(error.retryAfter) }),
    ...(error.allow && { Allow: error.allow.join(', ') }),
    ...(code === 'unauthenticated' && { 'WWW-Authenticate': 'Bearer' }),
  })
}

/** The failure a client is told of, whatever was thrown. */
export const asAppError = (thrown: unknown): AppError =>
  (thrown instanceof HTTPException ? fromHono(thrown) : fromPostgres(thrown)) ??
  internalError(thrown)

/** Hono's validators and body limit throw this: the code follows from the status. */
function fromHono(thrown: HTTPException): AppError | undefined {
  const code = /malformed json/i.test(thrown.message) ? 'malformed_json' : codeOf(thrown.status)
  return code && new AppError(code, undefined, { cause: thrown })
}

const codes = Object.keys(problems) as ErrorCode[]
const codeOf = (status: number) =>
  codes.find((code) => status < 500 && problems[code].status === status)
