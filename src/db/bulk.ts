import { setImmediate } from 'node:timers/promises'
import postgres from 'postgres'
import { oneConnection } from './pool/driver.ts'

/**
 * One connection of its own for a bulk command: it can COPY and keeps its temporary tables to the end. Once it is
 * lost every statement fails: none runs on a later connection, outside its transaction.
 */
export type Bulk = {
  readonly sql: postgres.Sql
  /** Ends the session on the server, whatever it is doing: its transaction is rolled back. */
  readonly abort: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Working memory of the session (kB): joins and sorts of staged rows, and their pages. */
const memory = 64 * 1024

export async function openBulk(url: string): Promise<Bulk> {
  const options = { ...oneConnection, connect_timeout: 10 }
  let isConnected = false
  const client: postgres.Sql = postgres(url, {
    ...options,
    onclose: () => {
      if (isConnected) void client.end({ timeout: 0 })
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
    // Not every platform can: a killed client is then noticed when its statement ends.
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
    }
  } catch (error) {
    await client.end({ timeout: 0 })
    throw error
  }
}

/**
 * For the rest of the transaction, foreign keys are not looked up row by row (28 µs for a comment, more than the row
 * itself): the caller answers for them. They are where the role may not turn them off, or where a trigger that is
 * not ours would be turned off as well.
 */
export const skipForeignKeyChecks = (sql: Bulk['sql']) => sql`
  select set_config('session_replication_role', 'replica', true)
  where has_parameter_privilege('session_replication_role', 'set') and not exists (
    select from pg_trigger
    where tgrelid in ('public.users'::regclass, 'public.posts'::regclass, 'public.comments'::regclass, 'public.sessions'::regclass)
      and not tgisinternal and tgenabled <> 'A' and tgname not like 'rollup%'
  )`

/**
 * Runs `copy … from stdin` with the chunks as its data, each on its way before the next is asked for.
 * A failure at the very end reaches nobody through the driver's stream: a statement behind it asks.
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
