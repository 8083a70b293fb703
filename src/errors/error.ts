type Problem = { readonly status: number; readonly title: string; readonly retryAfter?: number }

/** Every way a request can fail. `retryAfter` (s) is the hint a client gets with it. */
export const problems = {
  validation_failed: { status: 400, title: 'The request is not valid' },
  invalid_cursor: { status: 400, title: 'The cursor is not valid' },
  malformed_json: { status: 400, title: 'The body is not valid JSON' },
  unauthenticated: { status: 401, title: 'A valid key is needed' },
  forbidden: { status: 403, title: 'The key does not allow this' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  request_timeout: { status: 408, title: 'The request did not come in time' },
  conflict: { status: 409, title: 'In conflict with what is there' },
  idempotency_conflict: { status: 409, title: 'The idempotency key is in use' },
  precondition_failed: { status: 412, title: 'The record has changed' },
  payload_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON' },
  range_not_satisfiable: { status: 416, title: 'The range lies outside the file' },
  expectation_failed: { status: 417, title: 'The server expects nothing but 100-continue' },
  reference_missing: { status: 422, title: 'A referenced record does not exist' },
  constraint_failed: { status: 422, title: 'A value is not allowed' },
  misdirected_request: { status: 421, title: 'This server does not answer for that host' },
  rate_limited: { status: 429, title: 'Too many requests', retryAfter: 1 },
  headers_too_large: { status: 431, title: 'The headers are too large' },
  internal_error: { status: 500, title: 'Something went wrong' },
  database_unavailable: { status: 503, title: 'The database is unavailable', retryAfter: 2 },
  issuer_unavailable: {
    status: 503,
    title: 'The issuer of the token is unavailable',
    retryAfter: 5,
  },
  pool_exhausted: { status: 503, title: 'All connections are busy', retryAfter: 1 },
  overloaded: { status: 503, title: 'The server is overloaded', retryAfter: 1 },
  database_read_only: { status: 503, title: 'The database is read-only', retryAfter: 10 },
  serialization_failed: { status: 503, title: 'Concurrent changes collided', retryAfter: 1 },
  timeout: { status: 504, title: 'The request took too long' },
} as const satisfies Record<string, Problem>

export type ErrorCode = keyof typeof problems
export type ErrorStatus = (typeof problems)[ErrorCode]['status']

/** One fault of the input: where (`pageSize`, `items.3.email`) and what it should have been. */
export type FieldError = { readonly path: string; readonly message: string }

type Extras = {
  readonly cause?: unknown
  readonly errors?: readonly FieldError[]
  /** Methods the path does answer: the `Allow` header of a 405. */
  readonly allow?: readonly string[]
  /** What a caller is asked for: the `WWW-Authenticate` header of a 401 or 403. */
  readonly challenge?: string
  /** Seconds, in place of what the table says. */
  readonly retryAfter?: number
  /** Bytes of the file that has no such range: in the `Content-Range` of a 416. */
  readonly size?: number
}

/** A failure the client may see: `detail` and `errors` are sent as they stand, `cause` only reaches the log. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly status: ErrorStatus
  readonly detail: string
  /** Seconds. */
  readonly retryAfter: number | undefined
  readonly errors: readonly FieldError[] | undefined
  readonly allow: readonly string[] | undefined
  readonly challenge: string | undefined
  readonly size: number | undefined

  constructor(code: ErrorCode, detail?: string, extras: Extras = {}) {
    const { cause, errors, allow, challenge, retryAfter, size } = extras
    const problem: Problem & { readonly status: ErrorStatus } = problems[code]
    super(detail ?? problem.title, { cause })
    this.code = code
    this.status = problem.status
    this.detail = this.message
    this.retryAfter = retryAfter ?? problem.retryAfter
    this.errors = errors
    this.allow = allow
    this.size = size
    this.challenge = challenge ?? (code === 'unauthenticated' ? 'Bearer' : undefined)
  }
}

export const validationFailed = (found: readonly FieldError[]) => faulty('validation_failed', found)

/** Of the faults of one input those that are told, and of a path the characters. */
export const mostErrors = 100
const longestPath = 200

/** A failure of several fields; `count` is how many faults there are where `found` has not all of them. */
export function faulty(code: ErrorCode, found: readonly FieldError[], count = found.length) {
  const errors = found.slice(0, mostErrors).map(({ path, message }) => ({
    path: path.length > longestPath ? `${path.slice(0, longestPath)}…` : path,
    message,
  }))
  const detail =
    count > mostErrors
      ? `See errors for the first ${mostErrors} of ${count} faults.`
      : 'See errors for every fault found.'
  return new AppError(code, detail, { errors })
}

export const invalidCursor = (
  detail = 'Take a cursor from a page with the same filters, unchanged.',
) => new AppError('invalid_cursor', detail)

/** `where` is a sentence about the body. */
export const malformedJson = (where = '', cause?: unknown) =>
  new AppError('malformed_json', `The body is not valid JSON. ${where}`.trim(), { cause })

/** Of a field that refers to a record that is not there, or deleted, and of one that another record has already. */
export const missing = 'refers to a record that does not exist'
export const taken = 'is already taken'

/** `fields` name what is not there, or deleted. */
export const referenceMissing = (fields: readonly string[]) => {
  const message = missing
  const errors = fields.map((path) => ({ path, message }))
  return new AppError('reference_missing', `${fields.join(', ')} ${message}.`, { errors })
}

export const preconditionFailed = () =>
  new AppError('precondition_failed', 'It has been written since: read it again.')

export const conflict = (detail: string) => new AppError('conflict', detail)

/** No key was sent. https://www.rfc-editor.org/rfc/rfc6750#section-3 */
export const unauthenticated = () =>
  withoutStack(() => new AppError('unauthenticated', 'Send a key: Authorization: Bearer sb_…'))

/** What was sent is no key, or one that is good no more, as `detail` says. */
export const invalidToken = (detail: string) =>
  withoutStack(
    () => new AppError('unauthenticated', detail, { challenge: 'Bearer error="invalid_token"' }),
  )

export const forbidden = (scope: string) =>
  withoutStack(
    () =>
      new AppError('forbidden', `The key lacks the scope ${scope}.`, {
        challenge: `Bearer error="insufficient_scope", scope="${scope}"`,
      }),
  )

/** An `Idempotency-Key` that was used for another path or body. */
export const keyOfAnother = () =>
  new AppError('idempotency_conflict', 'The key was used for another path or body: take a new one.')

/** Of the call that had an `Idempotency-Key` first, and is not answered yet. */
export const stillRunning = (cause: unknown) =>
  new AppError('idempotency_conflict', 'The first call with this key still runs: try again.', {
    cause,
  })

/** The issuer's keys, by which a token is verified, cannot be fetched. */
export const issuerUnavailable = (cause?: unknown) =>
  new AppError('issuer_unavailable', 'The token cannot be verified at the moment.', { cause })

/** A page of another origin asks for a change where no key is shown. */
export const foreignOrigin = () =>
  new AppError(
    'forbidden',
    'Pages of this origin may change nothing here: CORS_ORIGINS names those that may.',
    { challenge: 'Bearer' },
  )

/** A row by its id. */
export const noSuchRow = () =>
  new AppError('not_found', 'There is none with this id, or it is deleted.')

/** `what` is the noun the client asked for: `notFound('Post')`. */
export const notFound = (what: string) => new AppError('not_found', `${what} not found.`)

export const methodNotAllowed = (allow: readonly string[]) =>
  new AppError('method_not_allowed', `Use ${allow.join(', ')}.`, { allow })

/** `size` of the file, in bytes. */
export const rangeNotSatisfiable = (size: number) =>
  new AppError('range_not_satisfiable', `The file has ${size} bytes.`, { size })

export const databaseUnavailable = (cause?: unknown) =>
  new AppError('database_unavailable', 'The database cannot be reached at the moment.', { cause })

export const poolExhausted = () =>
  withoutStack(() => new AppError('pool_exhausted', 'No database connection came free in time.'))

export const overloaded = () =>
  withoutStack(() => new AppError('overloaded', 'More was asked than can be answered: try again.'))

/** `retryAfter` in s. */
export const rateLimited = (retryAfter: number) =>
  withoutStack(
    () => new AppError('rate_limited', 'Wait as long as Retry-After says.', { retryAfter }),
  )

export const misdirectedRequest = () =>
  new AppError('misdirected_request', 'The server is not set up to answer for this host name.')

export const serializationFailed = (cause?: unknown) =>
  new AppError('serialization_failed', 'Nothing was changed: try again.', { cause })

export const timeout = (cause?: unknown) =>
  new AppError('timeout', 'The request was given up and its query cancelled.', { cause })

/** A refusal tells nothing by its stack, which is half of what it costs: 8 of 15 µs. */
function withoutStack(make: () => AppError): AppError {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return make()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

export const internalError = (cause: unknown) =>
  new AppError('internal_error', 'The log has the reason under this request id.', { cause })
