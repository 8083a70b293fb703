import type { DatabaseEvent } from '../db/database.ts'
import type { ErrorCode } from '../errors/error.ts'
import { fromPostgres } from '../errors/postgres.ts'
import type { JobEvent } from '../jobs/run.ts'
import type { Observation } from './observation.ts'

/** One line of a log, for a person who reads it later. */
export type LogRecord = {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
  /** Of the lines with the same key only a sample is needed. */
  readonly sampleKey?: string
}

type Watched = Extract<Observation, { type: 'watcher' }>
type Barred = Extract<Observation, { type: 'folds_barred' | 'jobs_barred' }>
type Failed = Extract<Observation, { type: 'error' }>

/** Characters of a statement: enough to tell which. */
const longestSql = 500

/** ms from which a request is logged at `info`. */
const slow = 1000

const failureMessages = {
  fold_failed: 'A fold failed',
  key_use_failed: 'The use of a key could not be written down',
  views_failed: 'Views of posts could not be written',
  jobs_failed: 'The queue of jobs cannot be asked',
  export_files_failed: 'Files of exports could not be removed',
  close_failed: 'Closing failed',
  unhandled_rejection: 'A rejection was not handled',
  uncaught_exception: 'An exception was not caught',
} as const

export type LogOptions = {
  /** Whether every request has its line at `info`; else slow ones do, and the others at `debug`. */
  readonly isAccessLogged?: boolean
}

/** Errors, requests and failures behind the requests. Undefined for what no log needs. */
export function logRecordOf(
  observation: Observation,
  { isAccessLogged = false }: LogOptions = {},
): LogRecord | undefined {
  switch (observation.type) {
    case 'request': {
      const { type: _, address, ...fields } = observation
      const line = { message: 'request', fields }
      if (isAccessLogged) return { level: 'info', ...line, fields: { ...fields, address } }
      return observation.duration >= slow
        ? { level: 'info', ...line, sampleKey: 'request' }
        : { level: 'debug', ...line }
    }
    case 'error':
      return logRecordOfError(observation)
    case 'refresh_failed':
      return {
        level: 'warn',
        message: 'A cached answer could not be refreshed',
        fields: { name: observation.name, ...causesOf(observation.error) },
      }
    case 'watcher':
      return logRecordOfWatcher(observation)
    case 'folds_barred':
    case 'jobs_barred':
      return logRecordOfBar(observation)
    case 'job':
      return logRecordOfJob(observation.event)
    case 'database':
      return logRecordOfDatabase(observation.event)
    case 'server_lost':
      return { level: 'error', message: 'The embedded PostgreSQL ended', fields: {} }
    case 'server_restarted':
      return { level: 'info', message: 'The embedded PostgreSQL is back', fields: {} }
    case 'fold_failed':
    case 'key_use_failed':
    case 'views_failed':
    case 'jobs_failed':
    case 'export_files_failed':
    case 'close_failed':
    case 'unhandled_rejection':
    case 'uncaught_exception':
      return {
        level: 'error',
        message: failureMessages[observation.type],
        fields: observation.error === undefined ? {} : causesOf(observation.error),
      }
    case 'views_lost':
      return { level: 'warn', message: 'Views of posts were lost', fields: { n: observation.lost } }
    case 'refused':
      return { level: 'info', message: 'Refused: overloaded', fields: {}, sampleKey: 'overloaded' }
    case 'rate_limited': {
      const { type: sampleKey, ...fields } = observation
      return { level: 'info', message: 'Refused: rate limit', fields, sampleKey }
    }
    case 'untrusted_proxy':
      return {
        level: 'warn',
        message:
          'Requests come with X-Forwarded-For, and TRUST_PROXY is not set: all clients of a proxy have its address',
        fields: { address: observation.address },
      }
    case 'redis':
      return observation.state === 'up'
        ? { level: 'info', message: 'Redis answers: limits are counted there', fields: {} }
        : {
            level: 'warn',
            message: 'Redis does not answer: limits are counted in memory',
            fields: causesOf(observation.error),
          }
    case 'cache':
      return undefined
  }
}

const barMessages = {
  folds_barred: {
    here: 'The rollups are folded here',
    elsewhere: 'The rollups are not folded here: answers are exact, and slow where much is pending',
  },
  jobs_barred: {
    here: 'Jobs are run here',
    elsewhere: 'No job is run here: what waits is left to other servers',
  },
} as const

function logRecordOfBar({ type, reason }: Barred): LogRecord {
  const { here, elsewhere } = barMessages[type]
  if (reason === undefined) return { level: 'info', message: here, fields: {} }
  return { level: 'warn', message: elsewhere, fields: { reason } }
}

function logRecordOfJob({ error, ...fields }: JobEvent): LogRecord {
  const message = `Job: ${fields.outcome}`
  if (fields.outcome === 'failed' || fields.outcome === 'dead')
    return { level: 'error', message, fields: { ...fields, ...causesOf(error) } }
  return { level: fields.outcome === 'lost' ? 'warn' : 'info', message, fields }
}

function logRecordOfWatcher({ state, error }: Watched): LogRecord {
  switch (state) {
    case 'up':
      return { level: 'info', message: 'The database answers', fields: {} }
    case 'down':
      return { level: 'warn', message: 'The database does not answer', fields: causesOf(error) }
    case 'unfit':
      return { level: 'error', message: 'The database cannot be served', fields: causesOf(error) }
  }
}

/** Refused for want of a connection or time: expected under load, and the stack would say nothing. */
const refusals: ReadonlySet<string> = new Set<ErrorCode>(['pool_exhausted', 'overloaded'])
/** What befalls a thousand requests at once when the database is slow or away. */
const mass: ReadonlySet<string> = new Set<ErrorCode>(['timeout', 'database_unavailable'])

function logRecordOfError(observation: Failed): LogRecord {
  const { type: _, isClientGone, error, ...request } = observation
  const { path } = request
  const { message } = error
  const code = fromPostgres(error)?.code ?? ''
  if (isClientGone)
    return { level: 'debug', message: 'The client went away', fields: { ...request, message } }
  // the watcher says when the database goes and comes
  if (path === '/readyz') return { level: 'debug', message, fields: request }
  if (refusals.has(code)) return { level: 'info', message, fields: request, sampleKey: code }
  const record = { level: 'error', message, fields: { ...request, ...causesOf(error) } } as const
  return mass.has(code) ? { ...record, sampleKey: code } : record
}

function logRecordOfDatabase(event: DatabaseEvent): LogRecord | undefined {
  switch (event.type) {
    case 'leaked':
      return { level: 'error', message: 'A connection is held too long', fields: event }
    case 'cancelled':
    case 'retried':
    case 'timed_out':
    case 'rejected':
    case 'end_failed':
    case 'after_commit_failed': {
      const fields = 'error' in event ? { ...event, ...causesOf(event.error) } : event
      const message = `Database: ${event.type}`
      return { level: 'info', message, fields, sampleKey: message }
    }
    default:
      return undefined
  }
}

/** The stack of an error and of what caused it, and the SQL that failed; never the values in it. */
function causesOf(error: unknown): { error: string; sql?: string } {
  if (!(error instanceof Error)) return { error: String(error) }
  const chain: Error[] = []
  let each: unknown = error
  while (each instanceof Error && !chain.includes(each)) {
    chain.push(each)
    each = each.cause
  }
  const sql = chain.map(queryOf).find((query) => query !== undefined)
  return {
    error: chain.map(({ stack, message }) => stack ?? message).join('\ncaused by: '),
    ...(sql !== undefined && {
      sql: sql.length > longestSql ? `${sql.slice(0, longestSql)}…` : sql,
    }),
  }
}

const queryOf = (error: Error) =>
  'query' in error && typeof error.query === 'string' ? error.query : undefined
