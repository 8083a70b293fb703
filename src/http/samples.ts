import {
  AppError,
  databaseUnavailable,
  type ErrorCode,
  forbidden,
  internalError,
  invalidCursor,
  misdirectedRequest,
  noSuchRow,
  overloaded,
  poolExhausted,
  problems,
  rangeNotSatisfiable,
  rateLimited,
  serializationFailed,
  timeout,
  unauthenticated,
  validationFailed,
} from '../errors/error.ts'
import { problemDocument } from './problems.ts'

/** A failure with the code, as it is thrown. */
export const sampleOf = (code: ErrorCode): AppError => samples[code]?.() ?? new AppError(code)

const samples: { readonly [Code in ErrorCode]?: () => AppError } = {
  validation_failed: () =>
    validationFailed([{ path: 'colour', message: 'is not a parameter here' }]),
  invalid_cursor: () => invalidCursor(),
  unauthenticated,
  forbidden: () => forbidden('read'),
  not_found: noSuchRow,
  range_not_satisfiable: () => rangeNotSatisfiable(146_515),
  misdirected_request: misdirectedRequest,
  internal_error: () => internalError(undefined),
  database_unavailable: databaseUnavailable,
  pool_exhausted: poolExhausted,
  overloaded,
  rate_limited: () => rateLimited(42),
  serialization_failed: serializationFailed,
  timeout,
}

/** The failures as clients get them, each under its code: examples of the OpenAPI document. */
export const examplesOf = (errors: readonly AppError[]) =>
  Object.fromEntries(
    errors.map((error) => [
      error.code,
      { summary: problems[error.code].title, value: documentOf(error) },
    ]),
  )

const documentOf = (error: AppError): unknown =>
  JSON.parse(problemDocument(error, '7d2a6b0c-6c1f-4b54-9f0e-0c3a3c1d2e4f').body)
