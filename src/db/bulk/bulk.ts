import type postgres from 'postgres'
import { fromPostgres, sqlStateOf } from '../../errors/postgres.ts'
import { isPoolerRefusal, reasonOf } from '../when-up.ts'
import { ConnectionLost, type Line, openLine } from './line.ts'
import { watchWaits } from './waiting.ts'

/**
 * A connection of its own for a bulk command, which can COPY and keeps its temporary tables. Once it is lost or
 * interrupted, whatever waits for it rejects and every statement fails: none runs on a new connection.
 */
export type Bulk = {
  readonly sql: postgres.Sql
  /** The server's process. */
  readonly pid: number
  /** What went wrong when `error` was caught: the interruption, the loss of the connection, or what it says itself. */
  readonly reasonOf: (error: unknown) => unknown
  readonly close: () => Promise<void>
}

/** A piece of a statement. */
export type Fragment = postgres.Fragment

/** The connection broke before the answer to a commit came: everything is committed, or nothing. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown'
}

const needsSession = (error: unknown) =>
  `${reasonOf(error)}, and DATABASE_DIRECT_URL to the address of PostgreSQL itself, where this command takes a session`

/** The session's `work_mem` (kB), for joins and sorts of staged rows; in 8 kB pages, its `temp_buffers`. */
const memory = 64 * 1024

/** ms, 24 days: unlike 0 it tells that it arrived. */
const noLimit = 2 ** 31 - 1

/** ms for the server to end an interrupted session when it is asked to; then the connection is cut. */
const patience = 2_000

/**
 * Runs `work` on a connection that `signal` interrupts: the session ends, and its transaction is rolled back. `onWaiting`
 * hears who holds the locks that it waits for, when it does so for seconds.
 * @throws the signal's reason, ConnectionLost, CommitUnknown, or what `work` or connecting throws
 */
export async function withBulk<T>(
  url: string,
  signal: AbortSignal | undefined,
  work: (bulk: Bulk) => Promise<T>,
  onWaiting: (holders: string) => void = () => {},
): Promise<T> {
  const bulk = await openBulk(url, signal)
  const stop = watchWaits(url, bulk.pid, onWaiting)
  try {
    return await work(bulk)
  } catch (error) {
    throw bulk.reasonOf(error)
  } finally {
    stop()
    await bulk.close()
  }
}

/** @throws the signal's reason, or the driver's error when the database cannot be reached or refuses */
export async function openBulk(url: string, signal?: AbortSignal): Promise<Bulk> {
  signal?.throwIfAborted()
  const line = openLine(url, {
    application_name: 'shopboard bulk',
    TimeZone: 'UTC',
    DateStyle: 'ISO',
    search_path: 'public',
    statement_timeout: 0,
    lock_timeout: 0,
    idle_in_transaction_session_timeout: noLimit,
  })
  let pid: number | undefined
  const interrupt = () => void endSession(url, line, pid)
  signal?.addEventListener('abort', interrupt)
  const close = async () => {
    await line.close()
    signal?.removeEventListener('abort', interrupt)
  }
  try {
    pid = await line.connect()
    await expectOwnSession(line)
    await line.sql`
      select set_config('work_mem', ${memory}::text, false),
        set_config('temp_buffers', ${memory / 8}::text, false),
        set_config('jit', 'off', false),
        set_config('default_transaction_isolation', 'read committed', false)`
    // Not on every platform; elsewhere the server notices a killed client when its statement ends.
    await line.sql`select set_config('client_connection_check_interval', '1s', false)`.catch(
      () => {},
    )
    signal?.throwIfAborted()
    return {
      sql: line.sql,
      pid,
      reasonOf(error) {
        if (error instanceof CommitUnknown) return error
        if (signal?.aborted) return signal.reason
        if (!isLoss(error)) return error
        return new ConnectionLost('The connection to the database was lost', { cause: error })
      },
      close,
    }
  } catch (error) {
    await close()
    if (signal?.aborted) throw signal.reason
    throw isPoolerRefusal(error) ? new Error(needsSession(error), { cause: error }) : error
  }
}

/** @throws a sentence where a pooler has left out what the session asked for: it would hand the session on, too */
async function expectOwnSession({ sql }: Line): Promise<void> {
  const [found] = await sql.unsafe<{ limit: string }[]>(
    `select setting as limit from pg_settings where name = 'idle_in_transaction_session_timeout'`,
  )
  if (found?.limit !== String(noLimit))
    throw new Error(
      'A connection pooler stands before the database and leaves out what a session asks for: set POOLER=transaction, and DATABASE_DIRECT_URL to the address of PostgreSQL itself',
    )
}

/** Commits what a bulk command did. @throws CommitUnknown */
export async function commit(sql: Bulk['sql']): Promise<void> {
  try {
    await sql`commit`
  } catch (error) {
    if (!isLoss(error) || isUnsent(error)) throw error
    throw new CommitUnknown('The connection to the database was lost during the commit', {
      cause: error,
    })
  }
}

/** Not an error of PostgreSQL's about a statement. */
function isLoss(error: unknown): boolean {
  const state = sqlStateOf(error)
  return state === undefined ? fromPostgres(error) !== undefined : /^(08|57P)/.test(state)
}

/** The driver says so of what came after the loss. */
const isUnsent = (error: unknown) =>
  error instanceof Error && 'code' in error && error.code === 'CONNECTION_ENDED'

/** Has the server end the session at once; one that cannot be asked notices within a second that nobody is there. */
async function endSession(url: string, line: Line, pid: number | undefined): Promise<void> {
  if (pid === undefined) return line.cut()
  const second = openLine(url, { application_name: 'shopboard interrupt' })
  const timer = setTimeout(() => {
    second.cut()
    line.cut()
  }, patience)
  try {
    await second.connect(patience)
    await second.sql`select pg_terminate_backend(${pid}::integer)`
    await line.isGone
  } catch {
    line.cut()
  } finally {
    clearTimeout(timer)
    second.cut()
  }
}
