import { z } from 'zod'
import { readDatabaseUrl } from './database-url.ts'

const whole = (from: number, to: number, unit = '') =>
  z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to, {
      error: `a whole number${unit && ` of ${unit}`} from ${from} to ${to}`,
    })
    .transform(Number)
const milliseconds = (from: number, to: number) => whole(from, to, 'milliseconds')
const days = (from: number) => whole(from, 36_500, 'days')
const choice = <const T extends readonly string[]>(values: T) =>
  z.enum(values, `one of ${values.join(', ')}`)
const onOff = choice(['on', 'off']).transform((value) => value === 'on')
const perMinute = z
  .string()
  .refine((text) => text === 'off' || /^[1-9]\d{0,8}$/.test(text), {
    error: 'off, or a whole number of requests a minute',
  })
  .transform((text): number | 'off' => (text === 'off' ? text : Number(text)))
const hour = 3_600_000
const databaseUrl = z.string().superRefine((url, { addIssue }) => {
  try {
    readDatabaseUrl(url)
  } catch (error) {
    addIssue(error instanceof Error ? error.message : String(error))
  }
})

/** The variables of the environment that the program reads, each valid on its own. */
export const variables = z.object({
  NODE_ENV: choice(['production', 'development', 'test']).optional(),
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_DIRECT_URL: databaseUrl.optional(),
  POOLER: choice(['none', 'transaction']).optional(),
  MIGRATE: onOff.default(true),
  DATA_DIR: z.string().optional(),
  DEMO: onOff.optional(),
  HOST: z
    .string()
    .regex(/^[\w.:-]+$/, 'a host name or an IP address')
    .default('127.0.0.1'),
  PORT: whole(0, 65_535).default(3000),
  ALLOWED_HOSTS: z
    .string()
    .toLowerCase()
    .regex(/^[\w.:[\]-]+( *, *[\w.:[\]-]+)*$/, 'host names separated by commas')
    .transform((names) => names.split(',').map((name) => name.trim()))
    .optional(),
  TRUST_PROXY: z
    .string()
    .transform((text) => trustedOf(text.toLowerCase()))
    .refine(
      (trusted) => trusted !== undefined,
      'a number of proxies from 1 to 9, or networks like loopback, 10.0.0.0/8, separated by commas',
    )
    .optional(),
  CORS_ORIGINS: z
    .string()
    .transform((names) => names.split(',').map((name) => originOf(name.trim())))
    .refine(isListOfOrigins, '* or origins like https://app.example, separated by commas')
    .optional(),
  HSTS: whole(1, 100_000_000, 'seconds').optional(),
  RATE_LIMIT_KEY: perMinute.optional(),
  RATE_LIMIT_ADDRESS: perMinute.optional(),
  REDIS_URL: z
    .string()
    .refine(
      (url) => /^rediss?:\/\//.test(url) && URL.canParse(url),
      'a URL like redis://:password@host:6379/0',
    )
    .optional(),
  MAX_CONNECTIONS: whole(1, 1_000_000).default(20_000),
  HEADERS_TIMEOUT: milliseconds(100, hour).optional(),
  BODY_TIMEOUT: milliseconds(100, hour).default(30_000),
  KEEP_ALIVE_TIMEOUT: milliseconds(100, hour).default(5000),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  ACCESS_LOG: onOff.default(false),
  REQUEST_TIMEOUT: milliseconds(100, hour).default(10_000),
  STATEMENT_TIMEOUT: milliseconds(50, hour).optional(),
  LOCK_TIMEOUT: milliseconds(10, hour).optional(),
  IDLE_IN_TRANSACTION_TIMEOUT: milliseconds(100, hour).default(30_000),
  CONNECT_TIMEOUT: milliseconds(50, hour).optional(),
  POOL_SIZE: whole(1, 1000).default(10),
  POOL_ACQUIRE_TIMEOUT: milliseconds(10, hour).optional(),
  POOL_QUEUE_LIMIT: whole(0, 1_000_000).default(1000),
  CACHE: onOff.default(true),
  CACHE_SIZE: whole(1, 1_000_000, 'MiB').default(64),
  CACHE_THRESHOLD: milliseconds(0, 60_000).default(5),
  FOLD_INTERVAL: milliseconds(50, 60_000).default(1000),
  AUDIT_RETENTION: days(30).default(365),
  SESSION_RETENTION: days(1).optional(),
  SEARCH_LANGUAGE: z
    .string()
    .regex(
      /^[a-z_][a-z\d_]{0,62}$/,
      'a text search configuration of PostgreSQL, such as english or simple',
    )
    .optional(),
  AUTH: onOff.optional(),
  JWKS_URL: z
    .string()
    .refine(isOfIssuer, 'an https URL, or an http URL of this machine')
    .optional(),
  JWT_ISSUER: z.string().optional(),
  JWT_AUDIENCE: z.string().optional(),
  JWT_SCOPE_CLAIM: z.string().default('scope'),
  EXPORT_DIR: z.string().optional(),
  EXPORT_RETENTION: whole(1, 8760, 'hours').default(24),
  CURSOR_SECRET: z.string().min(32, 'at least 32 characters').optional(),
})

/** An environment: what `process.env` or the bindings of a Worker hold. */
export type Env = Readonly<Record<string, string | undefined>>
export type Variables = z.output<typeof variables>

/** Whoever stands between could make up the keys of the issuer otherwise. */
function isOfIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname))
}

/** Whether a `HOST`, or the host of a URL, is this machine for itself alone. */
export const isLoopbackHost = (host: string): boolean =>
  /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i.test(host)

const network = z.union([
  z.enum(['loopback', 'linklocal', 'uniquelocal']),
  z.ipv4(),
  z.ipv6(),
  z.cidrv4(),
  z.cidrv6(),
])

/** How many proxies are trusted, or which; undefined where the text says neither. */
function trustedOf(text: string): number | string[] | undefined {
  if (/^\d+$/.test(text)) return /^[1-9]$/.test(text) ? Number(text) : undefined
  const names = text.split(',').map((name) => name.trim())
  return names.every((name) => network.safeParse(name).success) ? names : undefined
}

/** As a browser sends it: in lower case, without the port that goes without saying. Undefined where it is none. */
function originOf(text: string): string | undefined {
  if (text === '*') return text
  if (!/^[a-z][a-z\d+.-]*:\/\/[^/?#@\\]+$/i.test(text) || !URL.canParse(text)) return undefined
  const { origin, host } = new URL(text)
  if (!/^([\w.-]+|\[[\da-f:.]+\])(:\d+)?$/i.test(host)) return undefined
  return origin === 'null' ? text.toLowerCase() : origin
}

/** `*` stands alone: beside it a list would mean nothing. */
function isListOfOrigins(origins: (string | undefined)[]): origins is string[] {
  return !origins.includes(undefined) && (!origins.includes('*') || origins.length === 1)
}
