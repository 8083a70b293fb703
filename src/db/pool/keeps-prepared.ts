import { openClient, sendAtOnce } from './driver.ts'

/** Finds itself among the statements that are prepared, under the name that the server knows it by. */
const own = `select name from pg_prepared_statements where statement like '%it looks for itself%'`

/**
 * Whether the transaction pooler at `url` keeps statements prepared for its clients, on whatever connection: those that
 * do give each a name of their own. PgBouncer does from 1.21, with `max_prepared_statements` above 0.
 * @throws the driver's error when it cannot be reached
 */
export async function keepsPrepared(url: string, connectTimeout: number): Promise<boolean> {
  const client = openClient(url, {
    connectTimeout,
    parameters: { application_name: 'shopboard start' },
    isConnected: () => false,
    onLost: () => {},
  })
  try {
    await client.unsafe('begin')
    const found = await sendAtOnce(client, own, [], true)
    const name: unknown = found.statement.name
    const kept = found.map((row) => String(row.name))
    // on a server of its own, or one that knows nothing of clients: what was left there goes
    if (kept.includes(String(name))) await client.unsafe(`deallocate "${name}"`)
    await client.unsafe('rollback')
    return kept.length > 0 && !kept.includes(String(name))
  } finally {
    await client.end({ timeout: 0 })
  }
}
