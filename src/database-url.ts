/** What a database's URL says, as libpq reads it: https://www.postgresql.org/docs/current/libpq-connect.html */
export type DatabaseUrl = {
  /** Names, addresses or directories of sockets, with the port of each; empty for the environment's, or this machine. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  readonly user: string | undefined
  readonly password: string | undefined
  readonly database: string | undefined
  readonly tls: Tls | undefined
  /** Start-up parameters that it asks for itself. */
  readonly parameters: Readonly<Record<string, string>>
  readonly sessionAttributes: SessionAttributes | undefined
  /** Whether it says that it leads through a transaction pooler. */
  readonly isPooled: boolean
  /** Parameters that are not used, each with where to say it instead, if anywhere. */
  readonly unused: readonly string[]
}

export type Tls = {
  /** `prefer`: where the server can; `require`: whoever the server is; `ca`: one it vouches for; `full`: of this name. */
  readonly mode: 'prefer' | 'require' | 'ca' | 'full'
  /** PEM, or the path of it; without it the certificates that the runtime trusts. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
  readonly passphrase: string | undefined
}

export type SessionAttributes = (typeof sessionAttributes)[number]

/** A URL that cannot be used as it is meant: its message is what it should be. */
export class DatabaseUrlError extends Error {
  override readonly name = 'DatabaseUrlError'
}

const form = 'a URL like postgres://user:password@host:5432/database'
const unencoded = `${form}, with / and ? of the password as %2F and %3F`
const pattern =
  /^postgres(?:ql)?:\/\/(?<authority>[^/?]*)(?:\/(?<database>[^?]*))?(?:\?(?<query>.*))?$/s
const sessionAttributes = [
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const

/** @throws DatabaseUrlError */
export function readDatabaseUrl(url: string): DatabaseUrl {
  const { authority = '', database = '', query = '' } = pattern.exec(url)?.groups ?? refuse(form)
  // part of a password, which a message would show
  const cut = [database, ...query.split('&').map((pair) => pair.replace(/=.*$/s, ''))]
  if (!authority.includes('@') && cut.some((text) => text.includes('@'))) refuse(unencoded)
  const at = authority.lastIndexOf('@')
  const [, user = '', password = ''] =
    /^([^:]*):?(.*)$/s.exec(authority.slice(0, Math.max(at, 0))) ?? []
  const given = parametersOf(query)
  for (const [name, value] of given) checkMeaning(name, value, given, password)
  const hosts = hostsOf(authority.slice(at + 1), given)
  const tls = tlsOf(given)
  if (tls?.mode === 'full' && hosts.length > 1 && hosts.some(({ host }) => isAddress(host)))
    refuse('a URL with names, not addresses, of several hosts with sslmode=verify-full')
  return {
    hosts,
    user: given.get('user') ?? (decoded(user) || undefined),
    password: given.get('password') ?? (decoded(password) || undefined),
    database: given.get('dbname') ?? (decoded(database) || undefined),
    tls,
    parameters: Object.fromEntries(passedOn.flatMap((name) => pairOf(name, given))),
    sessionAttributes: sessionAttributes.find((each) => each === given.get('target_session_attrs')),
    isPooled: given.get('pgbouncer') === 'true',
    unused: [...given]
      .filter(isUnused)
      .map(([name]) => (Object.hasOwn(places, name) ? `${name} (${places[name]} says it)` : name)),
  }
}

/** The line that tells of the parameters that are not used; undefined where all are. */
export function unusedLine(variable: string, { unused }: DatabaseUrl): string | undefined {
  if (unused.length === 0) return undefined
  return `${variable}: not used, and best removed: ${unused.join(', ')}`
}

/** Host, port and database, for people: the URL holds a password. */
export function addressOf(url: string): string {
  const { hosts, database, user } = readDatabaseUrl(url)
  const places = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`)
  return `${places.join(',') || 'localhost:5432'}/${database ?? user ?? ''}`
}

function refuse(should: string): never {
  throw new DatabaseUrlError(should)
}

/** Unlike a form's, a `+` is one. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return refuse(`${form}, with % itself as %25`)
  }
}

function parametersOf(query: string): Map<string, string> {
  const pairs = query.split('&').filter((pair) => pair !== '')
  return new Map(
    pairs.map((pair) => {
      const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair) ?? []
      return [decoded(name), decoded(value)]
    }),
  )
}

const pairOf = (name: string, given: Map<string, string>): [string, string][] => {
  const value = given.get(name)
  return value === undefined ? [] : [[name, value]]
}

function hostsOf(authority: string, given: Map<string, string>): DatabaseUrl['hosts'] {
  const ports = given.get('port')?.split(',')
  const texts = given.get('host')?.split(',') ?? (authority === '' ? [] : authority.split(','))
  const hosts = texts.map((text, at) => {
    const { host, ownPort } = given.has('host') ? { host: text } : hostOf(text)
    const port = Number(ports?.[at] ?? ports?.[0] ?? (ownPort || 5432))
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      refuse(`${form}, with a port from 1 to 65535`)
    return { host: host || 'localhost', port }
  })
  if (hosts.length > 1 && hosts.some(isDirectory))
    refuse('a URL with one directory of sockets alone')
  return hosts
}

function hostOf(text: string): { host: string; ownPort?: string | undefined } {
  const [, bracketed, bare = '', ownPort] =
    /^(?:\[([^\]]+)\]|([^:]*))(?::(\d*))?$/.exec(text) ?? refuse(form)
  return { host: decoded(bracketed ?? bare), ownPort }
}

/** Whether it is a directory with the server's socket in it. */
export const isDirectory = ({ host }: { readonly host: string }): boolean => host.startsWith('/')
/** The certificate of a server without a name is checked against its address. */
export const isAddress = (host: string): boolean => /^[\d.]+$|:/.test(host)

const modes = {
  disable: undefined,
  // it is tried without first; what is sent is never less safe this way
  allow: 'prefer',
  prefer: 'prefer',
  require: 'require',
  // of other drivers
  'no-verify': 'require',
  'verify-ca': 'ca',
  'verify-full': 'full',
} as const

const isMode = (mode: string): mode is keyof typeof modes => Object.hasOwn(modes, mode)
/** Of other drivers: `ssl=true` is `sslmode=require`. */
const flags: Readonly<Record<string, string>> = {
  true: 'require',
  1: 'require',
  false: 'disable',
  0: 'disable',
}

function tlsOf(given: Map<string, string>): Tls | undefined {
  const root = given.get('sslrootcert')
  const ssl = given.get('ssl')
  const asked = given.get('sslmode') ?? (ssl === undefined ? undefined : (flags[ssl] ?? ssl))
  const name =
    asked ?? (root === undefined ? 'disable' : root === 'system' ? 'verify-full' : 'prefer')
  if (!isMode(name))
    return refuse(`a URL with one of the sslmodes ${Object.keys(modes).join(', ')}; it has ${name}`)
  if (root === 'system' && name !== 'verify-full')
    return refuse('a URL with sslmode=verify-full beside sslrootcert=system')
  const mode = modes[name]
  if (mode === undefined) return undefined
  const ca = root === 'system' ? undefined : root
  const [cert, key, passphrase] = ['sslcert', 'sslkey', 'sslpassword'].map((each) =>
    given.get(each),
  )
  // as libpq has it: who gives a certificate has it checked
  return { mode: mode === 'require' && ca !== undefined ? 'ca' : mode, ca, cert, key, passphrase }
}

/** Sent to the server as they are. */
const passedOn = ['application_name', 'options']
const understood = new Set([
  ...passedOn,
  ...[
    'host',
    'port',
    'user',
    'password',
    'dbname',
    'ssl',
    'sslmode',
    'sslrootcert',
    'sslcert',
    'sslkey',
    'sslpassword',
  ],
  ...['target_session_attrs', 'fallback_application_name'],
])
/** What asks for no more than is done anyway. */
const asIs: Readonly<Record<string, RegExp>> = {
  schema: /^public$/,
  pgbouncer: /^(true|false)$/,
  channel_binding: /^(disable|prefer)$/,
  gssencmode: /^(disable|prefer)$/,
  client_encoding: /^(utf-?8|auto)$/i,
  replication: /^(false|off|no|0)$/,
  target_session_attrs: /^any$/,
  load_balance_hosts: /^disable$/,
  keepalives: /^1$/,
  sslcompression: /^0$/,
  sslsni: /^1$/,
  sslnegotiation: /^postgres$/,
  sslcertmode: /^(allow|disable)$/,
}
/** Where the program has a variable of its own for it. */
const places: Readonly<Record<string, string>> = {
  connect_timeout: 'CONNECT_TIMEOUT',
  statement_timeout: 'STATEMENT_TIMEOUT',
  lock_timeout: 'LOCK_TIMEOUT',
  idle_in_transaction_session_timeout: 'IDLE_IN_TRANSACTION_TIMEOUT',
  connection_limit: 'POOL_SIZE',
  pool_timeout: 'POOL_ACQUIRE_TIMEOUT',
}
/** What left out would lead elsewhere, or be less safe than it was asked for. */
const meaningful = new Set([
  ...['schema', 'gssencmode', 'replication', 'service', 'servicefile', 'hostaddr', 'requirepeer'],
  ...['require_auth', 'sslcrl', 'sslcrldir', 'sslnegotiation', 'sslcertmode', 'client_encoding'],
])

const isAsIs = (name: string, value: string) =>
  Object.hasOwn(asIs, name) && asIs[name]?.test(value) === true

const isUnused = ([name, value]: [string, string]) => !understood.has(name) && !isAsIs(name, value)

/** @throws DatabaseUrlError where `name` asks for what cannot be given */
function checkMeaning(name: string, value: string, given: Map<string, string>, password: string) {
  if (isAsIs(name, value)) return
  if (name === 'schema')
    refuse(`a URL without schema=${value}: the tables are in public, in a database of their own`)
  if (meaningful.has(name)) refuse(`a URL without ${name}=${value}, which cannot be done here`)
  if (name === 'passfile' && password === '' && !given.has('password'))
    refuse('a URL with the password itself instead of passfile')
  if (name === 'target_session_attrs' && !sessionAttributes.some((each) => each === value))
    refuse(
      `a URL with one of the target_session_attrs any, ${sessionAttributes.join(', ')}; it has ${value}`,
    )
}
