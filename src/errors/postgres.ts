import {
  AppError,
  databaseUnavailable,
  type FieldError,
  serializationFailed,
  timeout,
} from './error.ts'

/**
 * What a database failure means to a client, or undefined when it is not one of the database's.
 * Reads the whole chain of causes: SQLSTATE, postgres.js and system codes, workerd's texts.
 */
export function fromPostgres(thrown: unknown): AppError | undefined {
  for (const error of chainOf(thrown)) {
    const known = error instanceof AppError ? error : fromOne(error, thrown)
    if (known) return known
  }
  return undefined
}

/** The SQLSTATE PostgreSQL failed with, of the error or of what it wraps; undefined when it is not PostgreSQL's. */
export function sqlStateOf(thrown: unknown): string | undefined {
  for (const { code } of chainOf(thrown)) {
    if (typeof code === 'string' && isSqlState(code)) return code
  }
  return undefined
}

/** Whether the same transaction may succeed when it is done again: concurrent changes collided (40001, 40P01). */
export const isRetryable = (thrown: unknown): boolean =>
  fromPostgres(thrown)?.code === 'serialization_failed'

/** What postgres.js puts on an error; the system's errors carry `code` and `syscall`. */
type Coded = Error & {
  readonly code?: unknown
  readonly syscall?: unknown
  readonly detail?: unknown
  readonly table_name?: unknown
  readonly column_name?: unknown
  readonly constraint_name?: unknown
  readonly routine?: unknown
}

/** The error, what it wraps and what that wraps, outermost first; an error is visited once. */
function* chainOf(thrown: unknown, seen = new Set<unknown>()): Generator<Coded> {
  if (!(thrown instanceof Error) || seen.has(thrown)) return
  seen.add(thrown)
  yield thrown
  yield* chainOf(thrown.cause, seen)
  if (thrown instanceof AggregateError) {
    for (const each of thrown.errors) yield* chainOf(each, seen)
  }
}

function fromOne(error: Coded, cause: unknown): AppError | undefined {
  const { code } = error
  if (typeof code !== 'string') {
    return isUnreachableText(error.message) ? databaseUnavailable(cause) : undefined
  }
  if (isSqlState(code)) return fromSqlState(code, error, cause)
  return isUnreachableCode(code, error.syscall) ? databaseUnavailable(cause) : undefined
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function fromSqlState(state: string, error: Coded, cause: unknown): AppError | undefined {
  switch (state) {
    case '23505':
    case '23P01':
      return violated('conflict', 'is already taken', error, cause)
    case '23503':
      return violated('reference_missing', 'refers to a record that does not exist', error, cause)
    case '23502':
      return violated('constraint_failed', 'is required', error, cause)
    case '25006':
      return new AppError('database_read_only', 'Writing is not possible at the moment.', { cause })
    case '42501':
      return new AppError('database_read_only', deniedBy(error), { cause })
    case '40001':
    case '40P01':
      return serializationFailed(cause)
    case '25P03': // idle in transaction too long
    case '25P04': // transaction_timeout
    case '55P03': // lock_timeout
    case '57014': // statement_timeout, or cancelled
      return timeout(cause)
    case '25P02': // the transaction before on the connection, whose commit was cancelled
    case '3D000': // the database does not exist
      return databaseUnavailable(cause)
    case '55000': // the database is closed to connections, as for a restore; else a fault of ours
      return error.routine === 'CheckMyDatabase' ? databaseUnavailable(cause) : undefined
    case '54000': // a value too large for its index
      return violated('constraint_failed', 'is too large', error, cause)
  }
  switch (state.slice(0, 2)) {
    case '22':
    case '23':
      return violated('constraint_failed', 'is not allowed', error, cause)
    case '08':
    case '28': // the server's own credentials, never the client's
    case '53':
      return databaseUnavailable(cause)
  }
  return state.startsWith('57P') ? databaseUnavailable(cause) : undefined
}

/** PostgreSQL ends with the name of what is denied, or has it among words of a language without such letters. */
function deniedBy({ routine, message }: Coded): string {
  const [, name] = (routine === 'aclcheck_error' && /([a-z_]\w*)\W*$/i.exec(message)) || []
  return `The server's role in the database lacks a right${name ? ` to ${name}` : ''}: it was not given what writing takes.`
}

function violated(
  code: 'conflict' | 'reference_missing' | 'constraint_failed',
  message: string,
  error: Coded,
  cause: unknown,
): AppError {
  const fields = fieldsOf(error)
  if (fields.length === 0) return new AppError(code, undefined, { cause })
  const errors: FieldError[] = fields.map((path) => ({ path, message }))
  return new AppError(code, `${fields.join(', ')} ${message}.`, { cause, errors })
}

/** The fields at fault, never their values: a named column, the key in the detail, else the constraint's name. */
function fieldsOf({ column_name, detail, table_name, constraint_name }: Coded): string[] {
  if (typeof column_name === 'string') return [camelCase(column_name)]
  // `Key (lower(email))=(a@b.c) already exists.`, in whatever language the server speaks
  const key = typeof detail === 'string' ? /\((.+?)\)=\(/.exec(detail)?.[1] : undefined
  if (key !== undefined) return columnsIn(key)
  // `users_username_length`: table, column, rule
  if (typeof table_name !== 'string' || typeof constraint_name !== 'string') return []
  if (!constraint_name.startsWith(`${table_name}_`)) return []
  const column = constraint_name.slice(table_name.length + 1).replace(/_[^_]*$/, '')
  return column === '' ? [] : [camelCase(column)]
}

/** Column names of a key's expressions: without casts, literals and function names. */
function columnsIn(key: string): string[] {
  const bare = key.replace(/::[\w ]+|'[^']*'/g, '')
  const names = bare.match(/[\p{L}_][\p{L}\p{N}_]*(?![\p{L}\p{N}_"]*\()/gu) ?? []
  return [...new Set(names.map(camelCase))]
}

const camelCase = (name: string) =>
  name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

const isSqlState = (code: string) => /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)

/** postgres.js's own codes, and the system's for an open connection. */
const unreachableCodes = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'SASL_SIGNATURE_MISMATCH',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/** Whatever goes wrong while connecting or in TLS is the database's absence, under any code. */
const isUnreachableCode = (code: string, syscall: unknown) =>
  unreachableCodes.has(code) ||
  syscall === 'connect' ||
  syscall === 'getaddrinfo' ||
  /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)/.test(code)

/** workerd names no code: these are its texts for a socket that failed. */
const isUnreachableText = (message: string) =>
  /proxy request failed|connection attempt failed|network connection lost|stream was cancelled/i.test(
    message,
  )
