import { setImmediate } from 'node:timers/promises'
import postgres from 'postgres'
import { oneConnection } from './pool/driver.ts'

/**
 * A connection of its own for a bulk command, which can COPY and keeps its temporary tables. Once it is lost every
 * statement fails: none runs on a new connection, outside the transaction.
 */
export type Bulk = {
  readonly sql: postgres.Sql
  /** Terminates the session on the server, a running statement included: its transaction is rolled back. */
  readonly abort: () => Promise<void>
  readonly close: () => Promise<void>
  /** Rejects once the connection is gone: a COPY the driver was sending then never settles by itself. */
  readonly lost: Promise<never>
}

/** The session's `work_mem` (kB), for joins and sorts of staged rows; in 8 kB pages, its `temp_buffers`. */
const memory = 64 * 1024

/** @throws the driver's error when the database cannot be reached or refuses */
export async function openBulk(url: string): Promise<Bulk> {
  const options = { ...oneConnection, connect_timeout: 10 }
  let isConnected = false
  const { promise: lost, reject } = Promise.withResolvers<never>()
  lost.catch(() => {})
  const client: postgres.Sql = postgres(url, {
    ...options,
    onclose: () => {
      if (!isConnected) return
      void client.end({ timeout: 0 })
      reject(new Error('the connection to the database was lost'))
    },
    connection: {
      application_name: 'shopboard bulk',
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      statement_timeout: 0,
      lock_timeout: 0,
      idle_in_transaction_session_timeout: 0,
    },
  })
  try {
    await client`
      select set_config('work_mem', ${memory}::text, false),
        set_config('temp_buffers', ${memory / 8}::text, false),
        set_config('jit', 'off', false)`
    // Not on every platform; elsewhere the server notices a killed client when its statement ends.
    await client`select set_config('client_connection_check_interval', '1s', false)`.catch(() => {})
    const [session] = await client<{ pid: number }[]>`select pg_backend_pid() as pid`
    isConnected = true

    return {
      sql: client,
      async abort() {
        const second = postgres(url, options)
        await second`select pg_terminate_backend(${session?.pid ?? 0})`.catch(() => {})
        await second.end({ timeout: 1 })
      },
      close: () => client.end({ timeout: 0 }),
      lost,
    }
  } catch (error) {
    await client.end({ timeout: 0 })
    throw error
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

/** After the commit: statistics for the planner, and what lets index-only scans skip the tables. Holds no writer. */
export async function vacuum(sql: Bulk['sql'], tables: readonly string[]): Promise<void> {
  const rollups = ['counts', 'user_days', 'active_users', 'post_comments', 'deltas', 'segments']
  for (const table of [
    ...tables.map((name) => `public.${name}`),
    ...rollups.map((name) => `rollup.${name}`),
  ]) {
    await sql`vacuum (analyze, truncate false) ${sql(table)}`
  }
}

/**
 * Runs `copy … from stdin` with the chunks as its data; reads a chunk once the one before is sent. The driver loses a
 * failure that comes after the last chunk: in a transaction the next statement fails instead, outside none does.
 * @throws PostgreSQL's error when it refuses the rows, 25P02 (transaction aborted) when it does so at the very end
 */
export async function copyFrom(
  sql: Bulk['sql'],
  copy: postgres.PendingQuery<postgres.Row[]>,
  chunks: AsyncIterable<Buffer>,
): Promise<void> {
  const stream = await copy.writable()
  let failure: Error | undefined
  stream.on('error', (error) => {
    failure = error
  })
  const send = (chunk: Buffer) =>
    new Promise<void>((resolve, reject) => {
      stream.write(chunk, (error) => (error ? reject(failure ?? error) : resolve()))
    })

  try {
    for await (const chunk of chunks) await send(chunk)
    stream.end()
    await setImmediate()
    await sql`select`
    if (!stream.writableFinished) throw failure ?? new Error('The copied rows were refused.')
  } catch (error) {
    stream.destroy(error instanceof Error ? error : undefined)
    throw error
  }
}
