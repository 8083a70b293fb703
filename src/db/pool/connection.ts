import postgres from 'postgres'
import { databaseUnavailable } from '../../errors/error.ts'
import type { Compiled } from '../compile.ts'
import type { DatabaseEvent } from '../database.ts'

export type ConnectionOptions = {
  /** ms until a connection has to stand. */
  readonly connectTimeout: number
  /** Startup parameters, by their PostgreSQL names. */
  readonly parameters: Readonly<Record<string, string | number>>
  /** Makes a socket, not connected yet; the driver's own otherwise. */
  readonly socket?: () => unknown
  readonly on: (event: DatabaseEvent) => void
}

/** The rows, and the command PostgreSQL did. */
export type QueryResult = readonly unknown[] & { readonly command: string }

/** What is on its way; `cancel` takes it back as long as the driver has not sent it. */
export type Sent = PromiseLike<QueryResult> & { cancel(): void }

/**
 * One connection at most, opened by `begin` when there is none: a postgres.js client of size 1, thrown away with its
 * connection. So nothing queued in the driver can ever run on a later connection, outside its transaction.
 */
export type Connection = {
  readonly isConnected: boolean
  /** Told when the connection is lost, in use or not. */
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
  /** Ends the connection politely when it has nothing to do. */
  close(): Promise<void>
  /** Closes a connection that has lived long enough; to be asked between transactions. */
  closeIfExpired(): void
}

export function openConnection(
  url: string,
  { connectTimeout, parameters, socket, on }: ConnectionOptions,
): Connection {
  let client: postgres.Sql | undefined
  /** Known once connected. */
  let backend: Backend | undefined
  let openedAt = 0

  function connect(): postgres.Sql {
    openedAt = performance.now()
    const fresh: postgres.Sql = postgres(url, {
      max: 1,
      fetch_types: false,
      connect_timeout: connectTimeout / 1000,
      // ended here, between transactions: the driver would do it within one
      max_lifetime: null,
      onnotice: () => {},
      onclose: () => lost(fresh),
      connection: parameters,
      types,
    })
    connectOnce(fresh, socket, () => client === fresh && backend !== undefined)
    return fresh
  }

  function lost(which: postgres.Sql) {
    if (which !== client) return
    detach()
    connection.onLost?.()
  }

  function detach() {
    if (backend) on({ type: 'closed' })
    client = backend = undefined
  }

  const connection: Connection = {
    onLost: undefined,

    get isConnected() {
      return backend !== undefined
    },

    begin(text) {
      if (client && backend) return client.unsafe(text)
      const fresh = connect()
      client = fresh
      // connect_timeout does not cover every way to hang
      const limit = setTimeout(connection.destroy, connectTimeout)
      const begun = fresh.unsafe(text)
      begun.then(
        ({ state }) => {
          clearTimeout(limit)
          if (client !== fresh) return
          backend = state
          on({ type: 'opened' })
        },
        () => {
          clearTimeout(limit)
          if (client === fresh) connection.destroy()
        },
      )
      return begun
    },

    send(statement, values) {
      const query = connected().unsafe(statement.text, values as Value[], prepared)
      return statement.map ? query.values() : query
    },

    command: (text) => connected().unsafe(text),

    async cancel() {
      if (client && backend) await cancellerOf(client)({ state: backend, active: true })
    },

    destroy() {
      const old = client
      detach()
      old?.end({ timeout: 0 }).catch(() => {})
    },

    async close() {
      const old = client
      detach()
      await old?.end({ timeout: 1 })
    },

    closeIfExpired() {
      if (performance.now() - openedAt > maxLifetime) void connection.close()
    },
  }
  return connection

  function connected(): postgres.Sql {
    if (!client) throw databaseUnavailable(new Error('The connection is lost'))
    return client
  }
}

/**
 * The driver follows a connection that was closed during start-up with the next at once, without end or pause.
 * It reads the option `socket` twice per attempt, and for a CancelRequest, or thrice when it makes one: what comes
 * between is refused, one attempt per host of the url excepted. Its last read asks whether the socket is connected.
 */
function connectOnce(
  client: postgres.Sql,
  socket: (() => unknown) | undefined,
  isConnected: () => boolean,
): void {
  const perAttempt = socket ? 3 : 2
  let reads = 0
  Object.defineProperty(client.options, 'socket', {
    get() {
      reads += 1
      if (reads > perAttempt * client.options.host.length && !isConnected())
        throw databaseUnavailable(new Error('The server closed the connection during start-up'))
      return reads % perAttempt === 0 ? undefined : socket
    },
  })
}

/** ms; memory that a connection's server process gathers is given back now and then. */
const maxLifetime = 60 * 60_000

type Backend = postgres.State
type Value = postgres.ParameterOrJSON<never>

/** Without `simple: false` a statement that takes no values would be parsed anew on every run. */
const prepared: postgres.UnsafeQueryOptions & { readonly simple: false } = {
  prepare: true,
  simple: false,
}

type Canceller = (target: { readonly state: Backend; readonly active: true }) => Promise<void>

/**
 * `query.cancel()` drops the promise of its CancelRequest: one refused would end the process, and nobody could tell
 * when it has been delivered. So the function behind it is called, which no type of the driver mentions.
 */
function cancellerOf(client: postgres.Sql): Canceller {
  const query: unknown = client.unsafe('')
  return (query as { readonly canceller: Canceller }).canceller
}

const asIs = (value: unknown) => value

/** What a JavaScript `Date` or a guess would spoil stays text; bigint is read as a number. */
const types = {
  instant: {
    to: 1184,
    from: [1082, 1114, 1184],
    serialize: (value: unknown) => (value instanceof Date ? value.toISOString() : value),
    parse: asIs,
  },
  bigint: { to: 20, from: [20], serialize: String, parse: Number },
  json: {
    to: 114,
    from: [114, 3802],
    serialize: (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)),
    parse: (text: string): unknown => JSON.parse(text),
  },
}
