import { databaseUnavailable } from '../../errors/error.ts'
import type { Compiled } from '../compile.ts'
import type { DatabaseEvent } from '../database.ts'
import {
  type Backend,
  type Client,
  type ClientOptions,
  cancelOnServer,
  openClient,
  sendAtOnce,
  sendPrepared,
} from './driver.ts'

export type ConnectionOptions = Omit<ClientOptions, 'isConnected' | 'onLost'> & {
  /** A transaction pooler hands its server connections on; some find a statement's preparation again on each. */
  readonly pooler: 'none' | 'unprepared' | 'prepared'
  readonly on: (event: DatabaseEvent) => void
}

/** The rows, and the command PostgreSQL completed. */
export type QueryResult = readonly unknown[] & { readonly command: string }

/** A query in flight; `cancel` rejects it as long as the driver has not sent it. */
export type Sent = PromiseLike<QueryResult> & { cancel(): void }

/**
 * One connection at most, opened by `begin` when there is none: a client of size 1, thrown away with its connection.
 * So nothing queued in the driver can ever run on a later connection, outside its transaction.
 */
export type Connection = {
  readonly isConnected: boolean
  /** Called when the connection is lost, in use or not. */
  onLost: (() => void) | undefined
  begin(text: string): Sent
  /** Sends behind what was sent before, without waiting for it. */
  send(statement: Compiled, values: unknown[]): Sent
  /** As `send`, for the commands around statements. */
  command(text: string): Sent
  /** Has the server cancel what it is doing for this connection; resolves once the request has been delivered. */
  cancel(): Promise<void>
  /** Cuts the connection: what it was running fails. */
  destroy(): void
  /** Closes the connection after what is in flight on it, or after 1 s. */
  close(): Promise<void>
  /** Closes a connection older than its maximum lifetime; to be called between transactions. */
  closeIfExpired(): void
}

const senderOf = (pooler: ConnectionOptions['pooler']) =>
  pooler === 'none'
    ? sendPrepared
    : (client: Client, text: string, values: unknown[]) =>
        sendAtOnce(client, text, values, pooler === 'prepared')

/** ms; memory that a connection's server process gathers is given back now and then. */
const maxLifetime = 60 * 60_000

/** Opens nothing yet. */
export function openConnection(url: string, options: ConnectionOptions): Connection {
  const { connectTimeout, pooler, on } = options
  const sendStatement = senderOf(pooler)
  let client: Client | undefined
  /** Known once connected. */
  let backend: Backend | undefined
  let openedAt = 0

  function connect(text: string): Sent {
    const fresh: Client = openClient(url, {
      ...options,
      isConnected: () => client === fresh && backend !== undefined,
      onLost() {
        if (client !== fresh) return
        detach()
        connection.onLost?.()
      },
    })
    client = fresh
    openedAt = performance.now()
    const timer = setTimeout(connection.destroy, connectTimeout)
    const begun = fresh.unsafe(text)
    begun.then(
      ({ state }) => {
        clearTimeout(timer)
        if (client !== fresh) return
        backend = state
        on({ type: 'opened' })
      },
      () => {
        clearTimeout(timer)
        if (client === fresh) connection.destroy()
      },
    )
    return begun
  }

  /** @returns the client, for its end: whoever begins next connects anew */
  function detach(): Client | undefined {
    const old = client
    if (backend) on({ type: 'closed' })
    client = backend = undefined
    return old
  }

  function connected(): Client {
    if (!client) throw databaseUnavailable(new Error('The connection is lost'))
    return client
  }

  const connection: Connection = {
    onLost: undefined,
    get isConnected() {
      return backend !== undefined
    },
    begin: (text) => (client && backend ? client.unsafe(text) : connect(text)),
    send(statement, values) {
      const query = sendStatement(connected(), statement.text, values)
      return statement.map ? query.values() : query
    },
    command: (text) => connected().unsafe(text),
    async cancel() {
      if (client && backend) await cancelOnServer(client, backend)
    },
    destroy() {
      detach()
        ?.end({ timeout: 0 })
        .catch(() => {})
    },
    async close() {
      await detach()?.end({ timeout: 1 })
    },
    closeIfExpired() {
      if (performance.now() - openedAt > maxLifetime) void connection.close()
    },
  }
  return connection
}
