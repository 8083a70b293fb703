import { readDatabaseUrl, unusedLine } from './database-url.ts'
import { shopboard } from './invocation.ts'
import { type Env, isLoopbackHost, type Variables, variables } from './variables.ts'

/** A fault of one variable: `should` says what it should be. */
export type VariableError = { readonly name: string; readonly should: string }

/** Pairs of an outer and an inner timeout: the inner one is at most the outer one, and so is its default. */
const nestedTimeouts = [
  ['REQUEST_TIMEOUT', 'STATEMENT_TIMEOUT'],
  ['REQUEST_TIMEOUT', 'POOL_ACQUIRE_TIMEOUT'],
  ['REQUEST_TIMEOUT', 'CONNECT_TIMEOUT'],
  ['STATEMENT_TIMEOUT', 'LOCK_TIMEOUT'],
  ['BODY_TIMEOUT', 'HEADERS_TIMEOUT'],
] as const

export type Config = ReturnType<typeof configOf>

/**
 * Reads the environment and fills in the defaults; an empty variable counts as unset. Durations are in ms.
 * @throws ConfigError that names every invalid variable, never with the value of a secret, after `faults` found before
 */
export function readConfig(env: Env, faults: readonly VariableError[] = []): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const read = variables.safeParse(given)
  const errors = [
    ...faults,
    ...(read.error?.issues ?? []).map(({ path, message }) => ({
      name: String(path[0]),
      should: `should be ${message}${shown(String(path[0]), given)}`,
    })),
    ...contradictions(given),
  ]
  if (!read.data || errors.length > 0) throw new ConfigError(errors)
  return configOf(read.data)
}

/** For the person who starts the program: its message has one line per invalid variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  constructor(errors: readonly VariableError[]) {
    super(errors.map(({ name, should }) => `${name} ${should}`).join('\n'))
  }
}

function configOf(read: Variables) {
  const { REQUEST_TIMEOUT: requestTimeout } = read
  const isAuthenticating = read.AUTH ?? !isPrivate(read)
  const statementTimeout = read.STATEMENT_TIMEOUT ?? requestTimeout
  return {
    databaseUrl: read.DATABASE_URL,
    /** Past the pooler that `databaseUrl` leads to: for migrations and commands. */
    directUrl: read.DATABASE_DIRECT_URL,
    pooler: read.POOLER ?? (isPooled(read.DATABASE_URL) ? 'transaction' : 'none'),
    /** For the person who starts the program, a line each. */
    warnings: warningsOf(read),
    isMigrating: read.MIGRATE,
    dataDir: read.DATA_DIR ?? '.data',
    demo: read.DEMO ?? read.DATABASE_URL === undefined,
    host: read.HOST,
    port: read.PORT,
    allowedHosts: read.ALLOWED_HOSTS,
    corsOrigins: read.CORS_ORIGINS ?? [],
    trustProxy: read.TRUST_PROXY,
    /** s */
    hsts: read.HSTS,
    /** Requests a minute, or `off`. */
    rateLimitKey: read.RATE_LIMIT_KEY ?? 6000,
    /** Callers on this machine, unless somebody said how often a key may ask. */
    isLoopbackLimited: read.RATE_LIMIT_KEY !== undefined,
    rateLimitAddress: read.RATE_LIMIT_ADDRESS ?? (isAuthenticating ? 600 : 'off'),
    redisUrl: read.REDIS_URL,
    maxConnections: read.MAX_CONNECTIONS,
    headersTimeout: read.HEADERS_TIMEOUT ?? Math.min(10_000, read.BODY_TIMEOUT),
    bodyTimeout: read.BODY_TIMEOUT,
    keepAliveTimeout: read.KEEP_ALIVE_TIMEOUT,
    logLevel: read.LOG_LEVEL,
    accessLog: read.ACCESS_LOG,
    requestTimeout,
    statementTimeout,
    lockTimeout: read.LOCK_TIMEOUT ?? Math.min(5000, statementTimeout),
    idleInTransactionTimeout: read.IDLE_IN_TRANSACTION_TIMEOUT,
    connectTimeout: read.CONNECT_TIMEOUT ?? Math.min(3000, requestTimeout),
    poolSize: read.POOL_SIZE,
    acquireTimeout: read.POOL_ACQUIRE_TIMEOUT ?? Math.min(2000, Math.floor(requestTimeout / 2)),
    queueLimit: read.POOL_QUEUE_LIMIT,
    cache: read.CACHE,
    /** bytes */
    cacheSize: read.CACHE_SIZE * 2 ** 20,
    cacheThreshold: read.CACHE_THRESHOLD,
    foldInterval: read.FOLD_INTERVAL,
    /** Days. */
    auditRetention: read.AUDIT_RETENTION,
    sessionRetention: read.SESSION_RETENTION,
    searchLanguage: read.SEARCH_LANGUAGE,
    /** Undefined: beside the embedded database, else among the system's temporary files. */
    exportDir: read.EXPORT_DIR,
    /** hours */
    exportRetention: read.EXPORT_RETENTION,
    cursorSecret: read.CURSOR_SECRET,
    /** Whether callers have to show a key. */
    isAuthenticating,
    jwt: jwtOf(read),
  }
}

/** A database of this machine, served to this machine. */
const isPrivate = ({ DATABASE_URL, HOST }: Variables) =>
  DATABASE_URL === undefined && isLoopbackHost(HOST)

/** Whose JSON Web Tokens are taken beside keys. */
function jwtOf(read: Variables) {
  const { JWKS_URL: url, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = read
  if (url === undefined || issuer === undefined || audience === undefined) return undefined
  return { url, issuer, audience, scopeClaim: read.JWT_SCOPE_CLAIM }
}

/** Said at every start that lets anyone in, where more than this machine's own database is at stake. */
export const openDoor =
  'AUTH=off: whoever reaches this server may read, change and delete everything'

/** Whether that has to be said. */
export const isDoorOpen = ({ isAuthenticating, databaseUrl, host }: Config): boolean =>
  !isAuthenticating && (databaseUrl !== undefined || !isLoopbackHost(host))

const isPooled = (url: string | undefined) => url !== undefined && readDatabaseUrl(url).isPooled

const warningsOf = (read: Variables): string[] =>
  (['DATABASE_URL', 'DATABASE_DIRECT_URL'] as const).flatMap((name) => {
    const url = read[name]
    return (url !== undefined && unusedLine(name, readDatabaseUrl(url))) || []
  })

/** Compares variables pair by pair, so that an invalid one does not hide a contradiction of others. */
function contradictions(given: Env): VariableError[] {
  const errors: VariableError[] = []
  const report = (name: keyof Variables, should: string) => errors.push({ name, should })
  const isExternal = given.DATABASE_URL !== undefined
  if (given.NODE_ENV === 'production' && !isExternal)
    report(
      'DATABASE_URL',
      'should be set with NODE_ENV=production: the embedded database is for development',
    )
  if (isExternal && given.DATA_DIR !== undefined)
    report('DATA_DIR', 'should not be set with DATABASE_URL: it is for the embedded database')
  if (!isExternal && given.POOLER === 'transaction') report('POOLER', aboutPooler)
  if (!isExternal && given.DATABASE_DIRECT_URL !== undefined)
    report('DATABASE_DIRECT_URL', aboutPooler)
  if (isExternal && given.DEMO === 'on')
    report('DEMO', `should not be on with DATABASE_URL: run "${shopboard} demo" there`)
  for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'] as const) {
    if (given.JWKS_URL !== undefined && given[name] === undefined)
      report(name, 'should be set with JWKS_URL: a token for somebody else is none for us')
    if (given.JWKS_URL === undefined && given[name] !== undefined)
      report(name, 'should not be set without JWKS_URL')
  }
  for (const [outer, inner] of nestedTimeouts) {
    const [limit, value] = [numberOf(outer, given), numberOf(inner, given)]
    if (limit === undefined || value === undefined || given[inner] === undefined) continue
    const isStrict = inner === 'POOL_ACQUIRE_TIMEOUT'
    if (value < limit || (value === limit && !isStrict)) continue
    const bound = isStrict ? 'less than' : 'at most'
    report(inner, `should be ${bound} ${outer}, which is ${limit}; it is ${value}`)
  }
  return errors
}

/** Undefined for a variable that is unset, or invalid and reported already. */
function numberOf(name: (typeof nestedTimeouts)[number][0 | 1], given: Env): number | undefined {
  const value = variables.shape[name].safeParse(given[name])
  if (value.data === undefined && value.success && name === 'STATEMENT_TIMEOUT')
    return numberOf('REQUEST_TIMEOUT', given)
  return value.data
}

const aboutPooler = 'should not be set without DATABASE_URL, whose pooler it is about'
const secrets = ['DATABASE_URL', 'DATABASE_DIRECT_URL', 'CURSOR_SECRET', 'REDIS_URL']
const shown = (name: string, given: Env) =>
  secrets.includes(name) ? '' : `; it is ${JSON.stringify(given[name])}`
