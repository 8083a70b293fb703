import postgres from 'postgres'
import {
  type DatabaseUrl,
  isAddress,
  isDirectory,
  readDatabaseUrl,
  type Tls,
} from '../../database-url.ts'
import { databaseUnavailable } from '../../errors/error.ts'

/**
 * What is relied on inside postgres.js 3.4.9 beyond its documentation. Each reliance has a test of its own in
 * test/db/pool/driver.test.ts: when a new version of the driver changes one, that test fails and names it.
 */
export type Client = postgres.Sql

/** The server process behind a connection, as a CancelRequest names it: the `state` of any result. */
export type Backend = postgres.State

/** One connection, without a query for the server's types, not replaced because of its age. */
export const oneConnection = {
  max: 1,
  fetch_types: false,
  // the driver would end it within a transaction
  max_lifetime: null,
  onnotice: () => {},
} as const

export type ClientOptions = {
  /** ms until a connection has to stand; the driver does not notice every way to hang. */
  readonly connectTimeout: number
  /** Startup parameters, by their PostgreSQL names. */
  readonly parameters: Readonly<Record<string, string | number>>
  /** Makes a socket, not connected yet; the driver's own otherwise. */
  readonly socket?: () => unknown
  /** Asked while connecting: whether the connection stands already. */
  readonly isConnected: () => boolean
  /** Called when the connection is lost or closed; what was in flight on it is rejected. */
  readonly onLost: () => void
}

/**
 * A client of one connection, to be thrown away with it. What is sent in one tick leaves in one packet, and what
 * the driver still holds back when the connection is lost would follow on the next one: `cancel` it.
 */
export function openClient(url: string, options: ClientOptions): Client {
  const { connectTimeout, parameters, socket, isConnected, onLost } = options
  const target = readDatabaseUrl(url)
  const client: Client = postgres({
    ...oneConnection,
    ...addressOf(target),
    connect_timeout: connectTimeout / 1000,
    onclose: onLost,
    // as text: the driver leaves a 0 out
    connection: Object.fromEntries(
      Object.entries({ ...parameters, ...target.parameters }).map(([name, value]) => [
        name,
        String(value),
      ]),
    ),
    types,
  })
  connectOnce(client, socket, isConnected)
  return client
}

/** What the URL says in the driver's own words: it would send the parameters it does not know to the server. */
function addressOf(target: DatabaseUrl) {
  const { hosts, user, password, database, tls, sessionAttributes } = target
  const [first] = hosts
  // its types know one host alone
  const several: object = {
    host: hosts.map(({ host }) => host),
    port: hosts.map(({ port }) => port),
  }
  return {
    ...(first && isDirectory(first) && { path: `${first.host}/.s.PGSQL.${first.port}` }),
    ...(first && !isDirectory(first) && several),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    ...(sessionAttributes && { target_session_attrs: sessionAttributes }),
    // as libpq has it: there is none on a socket of this machine
    ssl: tls && !(first && isDirectory(first)) ? tlsOf(tls, first?.host) : false,
  }
}

/** Node compares a certificate with the name it connected to; of an address it has to be told. */
function tlsOf({ mode, ca, cert, key, passphrase }: Tls, host: string | undefined) {
  const own = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), passphrase }
  if (mode === 'prefer') return 'prefer' as const
  if (mode === 'require') return { ...own, rejectUnauthorized: false }
  if (mode === 'ca') return { ...own, checkServerIdentity: () => undefined }
  return { ...own, ...(host !== undefined && isAddress(host) && { host }) }
}

/**
 * The driver follows a connection that was closed during start-up with the next at once, without end or pause.
 * It reads the option `socket` twice per attempt, and for a CancelRequest, or thrice when it makes one: what comes
 * between is refused, one attempt per host of the url excepted. Its last read asks whether the socket is connected.
 */
function connectOnce(
  client: Client,
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

/** A statement the server keeps prepared, by its text; the driver turns `values` into text by their types. */
export const sendPrepared = (client: Client, text: string, values: unknown[]) =>
  client.unsafe(text, values as postgres.ParameterOrJSON<never>[], prepared)

/** Without `simple: false` a statement that takes no values would be parsed anew on every run. */
const prepared: postgres.UnsafeQueryOptions & { readonly simple: false } = {
  prepare: true,
  simple: false,
}

/**
 * As `sendPrepared`, or with `prepare: false` leaving nothing on the server; always in one packet. The driver would ask
 * for the types of `values` first, and wait; a query that has its `parameters` as texts before it is sent has no need.
 */
export const sendAtOnce = (
  client: Client,
  text: string,
  values: readonly unknown[],
  prepare: boolean,
) =>
  Object.assign(client.unsafe(text, [], { ...prepared, prepare }), {
    parameters: values.map(textOf),
  })

/** As the driver writes it where it knows the type. */
function textOf(value: unknown): string | null {
  if (value === null) return null
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

type Canceller = (target: { readonly state: Backend; readonly active: true }) => Promise<void>

/**
 * Has the server cancel what `backend` does; resolves once the CancelRequest has been delivered.
 * `query.cancel()` drops that promise: one refused would end the process. So the function behind it, which no type
 * of the driver mentions, is called.
 */
export function cancelOnServer(client: Client, backend: Backend): Promise<void> {
  const query: unknown = client.unsafe('')
  return (query as { readonly canceller: Canceller }).canceller({ state: backend, active: true })
}

/**
 * Rejects a query that the driver still holds back. One that it has sent, whose `state` is set, is left alone: `cancel`
 * would send a CancelRequest for it, and drop the promise of that.
 */
export function cancelUnsent(query: { readonly cancel: () => void }): void {
  if (!('state' in query && query.state)) query.cancel()
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
