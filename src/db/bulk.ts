import { Socket } from 'node:net'
import type postgres from 'postgres'
import { fromPostgres, sqlStateOf } from '../errors/postgres.ts'
import { type Client, openClient } from './pool/driver.ts'

/**
 * A connection of its own for a bulk command, which can COPY and keeps its temporary tables. Once it is lost or
 * interrupted, whatever waits for it rejects and every statement fails: none runs on a new connection.
 */
export type Bulk = {
  readonly sql: postgres.Sql
  /** What went wrong when `error` was caught: the interruption, the loss of the connection, or what it says itself. */
  readonly reasonOf: (error: unknown) => unknown
  readonly close: () => Promise<void>
}

/** The connection broke, or the server ended it; what was not committed is rolled back. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

/** The connection broke before the answer to a commit came: everything is committed, or nothing. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown'
}

/** The session's `work_mem` (kB), for joins and sorts of staged rows; in 8 kB pages, its `temp_buffers`. */
const memory = 64 * 1024

/** ms until a connection has to stand. */
const connectTimeout = 10_000

/** ms for the server to end an interrupted session when it is asked to; then the connection is cut. */
const patience = 2_000

/**
 * Runs `work` on a connection that `signal` interrupts: the session ends, and its transaction is rolled back.
 * @throws the signal's reason, ConnectionLost, CommitUnknown, or what `work` or connecting throws
 */
export async function withBulk<T>(
  url: string,
  signal: AbortSignal | undefined,
  work: (bulk: Bulk) => Promise<T>,
): Promise<T> {
  const bulk = await openBulk(url, signal)
  try {
    return await work(bulk)
  } catch (error) {
    throw bulk.reasonOf(error)
  } finally {
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
    statement_timeout: 0,
    lock_timeout: 0,
    idle_in_transaction_session_timeout: 0,
  })
  let pid: number | undefined
  const interrupt = () => void endSession(url, line, pid)
  signal?.addEventListener('abort', interrupt)
  const close = async () => {
    await line.close()
    signal?.removeEventListener('abort', interrupt)
  }
  try {
    pid = await line.connect(connectTimeout)
    await line.sql`
      select set_config('work_mem', ${memory}::text, false),
        set_config('temp_buffers', ${memory / 8}::text, false),
        set_config('jit', 'off', false)`
    // Not on every platform; elsewhere the server notices a killed client when its statement ends.
    await line.sql`select set_config('client_connection_check_interval', '1s', false)`.catch(
      () => {},
    )
    signal?.throwIfAborted()
    return {
      sql: line.sql,
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
    throw signal?.aborted ? signal.reason : error
  }
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

type Line = {
  readonly sql: Client
  /** @returns the server process; cuts what does not stand in time */
  readonly connect: (timeout: number) => Promise<number>
  /** Resolves once it is. */
  readonly isGone: Promise<void>
  /** At once, whatever the network does; what waits for it rejects. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}

/**
 * One connection, and never another: the driver would open the next for a statement that follows a broken
 * connection, even after its end, and keep the process alive by it. Its own socket can be cut, a peer that is silent or not.
 */
function openLine(url: string, parameters: Readonly<Record<string, string | number>>): Line {
  let socket: Socket | undefined
  const gone = Promise.withResolvers<void>()
  let isCut = false
  const cut = () => {
    isCut = true
    socket?.destroy()
    sql.end({ timeout: 0 }).catch(() => {})
    gone.resolve()
  }
  const sql: Client = openClient(url, {
    connectTimeout,
    parameters,
    isConnected: () => false,
    onLost: cut,
    socket() {
      if (isCut) throw new ConnectionLost('The connection to the database was lost')
      socket = new Socket()
      return socket
    },
  })
  return {
    sql,
    isGone: gone.promise,
    cut,
    async connect(timeout) {
      const timer = setTimeout(cut, timeout)
      try {
        const { state } = await sql`select`
        return state.pid
      } finally {
        clearTimeout(timer)
      }
    },
    async close() {
      await sql.end({ timeout: 0 })
      cut()
    },
  }
}

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

/** What keeps triggers at work: Shopboard's own that are not as they were made. */
export type Silence = { readonly isSilent: boolean; readonly faults: readonly string[] }

/**
 * For the rest of the transaction no trigger fires for an inserted row. The caller guarantees its foreign keys (28 µs to
 * check for a comment, more than the row itself) and counts it by `countLoaded`. Triggers stay at work where the role may
 * not turn them off, where that would turn off somebody else's, and where Shopboard's own are not as they were made.
 */
export async function silenceTriggers(sql: Bulk['sql']): Promise<Silence> {
  const [found] = await sql<{ faults: string[]; isAllowed: boolean }[]>`
    select to_json(array(select concat_ws(' ', relation, name, fault) from rollup.trigger_faults order by relation, name)) as faults,
      has_parameter_privilege('session_replication_role', 'set') and not exists (
        select from pg_trigger
        where tgrelid in ('public.users'::regclass, 'public.posts'::regclass, 'public.comments'::regclass, 'public.sessions'::regclass)
          and not tgisinternal and tgenabled <> 'A' and tgname not like 'rollup%'
      ) as "isAllowed"`
  const faults = found?.faults ?? []
  const isSilent = found?.isAllowed === true && faults.length === 0
  if (isSilent)
    await sql`
      select set_config('session_replication_role', 'replica', true), set_config('rollup.loading', 'on', true)`
  return { isSilent, faults }
}

/**
 * After the commit: statistics for the planner, and what lets index-only scans skip the tables. Holds no writer.
 * What is committed stays so: `onFailure` hears why it stopped.
 */
export async function vacuum(
  { sql, reasonOf }: Bulk,
  tables: readonly string[],
  onFailure: (reason: string) => void,
): Promise<void> {
  const rollups = ['counts', 'user_days', 'active_users', 'post_comments', 'deltas', 'segments']
  try {
    for (const table of [
      ...tables.map((name) => `public.${name}`),
      ...rollups.map((name) => `rollup.${name}`),
    ]) {
      await sql`vacuum (analyze, truncate false) ${sql(table)}`
    }
  } catch (error) {
    const reason = reasonOf(error)
    onFailure(reason instanceof Error ? reason.message : String(reason))
  }
}
