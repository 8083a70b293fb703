import { CommitUnknown } from '../db/bulk/bulk.ts'
import { isPoolerRefusal } from '../db/when-up.ts'
import { sqlStateOf } from '../errors/postgres.ts'
import { Interrupted } from './interruption.ts'
import type { Output } from './terminal.ts'

/**
 * Writes in one line why a bulk command failed and what became of its rows, which were to be `written` all or none.
 * @returns the exit code
 */
export function tellFailure(
  stderr: Output,
  error: unknown,
  { reason }: AbortSignal,
  written: string,
): number {
  const isUnknown = error instanceof CommitUnknown
  const why =
    reason instanceof Interrupted
      ? `${reason.message}${isUnknown ? ' during the commit' : ''}`
      : reasonOf(error)
  const outcome = isUnknown
    ? `Everything was ${written}, or nothing: the server did not say.`
    : `Nothing was ${written}.`
  // over the ^C that a terminal echoes
  const start = stderr.isTTY ? '\r' : ''
  stderr.write(`${start}${why.replace(/\.?$/, '.')} ${outcome}\n`)
  return reason instanceof Interrupted ? reason.exitCode : 1
}

/** Whether the error, or what it wraps, is the driver's or PostgreSQL's of a connection that was there. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error) || isPoolerRefusal(error)) return false
  const code = 'code' in error ? String(error.code) : ''
  return (
    /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|ECONNRESET|EPIPE|57P0\d|08\w{3})$/.test(code) ||
    isConnectionLost(error.cause)
  )
}

/** For the operator: the driver's codes stand in for messages it leaves empty. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return reasonOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  if (isConnectionLost(error) && !(error instanceof CommitUnknown))
    return 'The connection to the database was lost'
  if (/^42(P01|703)$/.test(sqlStateOf(error) ?? ''))
    return `The database is not up to date (${error.message}): run "migrate" first`
  return error.message || ('code' in error ? String(error.code) : error.name)
}
