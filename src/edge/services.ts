import type { Context } from 'hono'
import { authenticator } from '../auth/authenticator.ts'
import { anyone } from '../auth/caller.ts'
import { noCache } from '../cache/cache.ts'
import { type Config, ConfigError, openDoor, readConfig, type VariableError } from '../config.ts'
import type { Pool } from '../db/database.ts'
import { openPool } from '../db/pool/pool.ts'
import { writeView } from '../db/views.ts'
import { clientAddress } from '../http/address.ts'
import type { AppEnv, Bindings, Services } from '../http/context.ts'
import { corsOf } from '../http/cors.ts'
import { jwtJudge } from '../http/jwt.ts'
import type { RateLimits } from '../http/limits.ts'
import { cursorCodec } from '../http/paging/cursor.ts'
import { strictTransport } from '../http/secure-headers.ts'
import { log, observe } from './log.ts'
import { edgeLimits } from './rate-limits.ts'
import { readiness } from './readiness.ts'

/** What a Worker is configured to be. */
export type Edge = {
  readonly config: Config
  readonly databaseUrl: string
  readonly secret: string
  readonly limits: RateLimits
}

/**
 * Reads the bindings and variables of a Worker.
 * @throws ConfigError that names every one that is missing or invalid
 */
export function readEdge(env: Bindings): Edge {
  const databaseUrl = env.HYPERDRIVE?.connectionString
  const secret = env.CURSOR_SECRET
  const missing: VariableError[] = []
  if (!databaseUrl) missing.push({ name: 'HYPERDRIVE', should: unbound })
  if (!secret) missing.push({ name: 'CURSOR_SECRET', should: unset })
  const variables = variablesOf(env)
  // no Worker is for one machine alone: who is let in without a key is said in so many words
  const config = readConfig({ ...variables, AUTH: variables.AUTH || 'on' }, missing)
  if (!databaseUrl || !config.cursorSecret) throw new ConfigError(missing)
  return { config, databaseUrl, secret: config.cursorSecret, limits: edgeLimits(env, config) }
}

const unbound =
  'should be bound: put the id that "npx wrangler hyperdrive create" prints into wrangler.toml; with "wrangler dev" set CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_HYPERDRIVE'
const unset =
  'should be set: "npx wrangler secret put CURSOR_SECRET"; with "wrangler dev" a line of .dev.vars'

/** A number or a truth value of `[vars]` is as good as its text. */
const variablesOf = (env: Bindings): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      ['string', 'number', 'boolean'].includes(typeof value) ? [[name, String(value)]] : [],
    ),
  )

/** The services of one isolate, for all its requests. */
export function servicesOf(edge: Edge): Services {
  const { config, secret, limits } = edge
  const addressOf = clientAddress([])
  const pool = poolPerRequest(edge)
  return {
    pool,
    cursors: cursorCodec(new TextEncoder().encode(secret)),
    requestTimeout: config.requestTimeout,
    cache: noCache,
    cors: corsOf(config.corsOrigins),
    strictTransport: strictTransport(config.hsts),
    scripts: 'platform',
    observe,
    limits,
    runtime: 'workerd',
    keepAlive: (c, work) => c.executionCtx.waitUntil(work),
    countView: (c, postId) =>
      c.executionCtx.waitUntil(
        writeView(pool(c), postId).catch((error: unknown) =>
          observe({ type: 'views_failed', error }),
        ),
      ),
    isReady: readiness(),
    // Cloudflare sets it, whatever the client sent
    addressOf: (c) => addressOf(c.req.header('cf-connecting-ip'), () => undefined),
    ...callersOf(edge, pool),
  }
}

type PoolOf = Services['pool']

/**
 * Callers by their keys, or with AUTH=off anyone. Nothing tells an isolate that a key was revoked: it takes none for good
 * longer than a revocation may take to be felt.
 */
function callersOf(edge: Edge, pool: PoolOf): Pick<Services, 'callerOf' | 'isOpen'> {
  const { config } = edge
  if (!config.isAuthenticating) {
    log('warn', openDoor, {})
    return { callerOf: () => anyone, isOpen: true }
  }
  const known = authenticator({
    lifetime: 2000,
    isShared: false,
    deadline: config.requestTimeout,
    judgeToken: config.jwt && jwtJudge({ ...config.jwt, isShared: false }),
    onUseFailed: (error) => observe({ type: 'key_use_failed', error }),
  })
  return {
    callerOf: (c) =>
      known.callerOf(c.req.header('authorization'), {
        pool: pool(c),
        inBackground: (work) =>
          c.executionCtx.waitUntil(work(openEdgePool(edge, 'shopboard-worker keys'))),
      }),
  }
}

/** A socket belongs to the request that opened it, so each request has a client of its own. */
function poolPerRequest(edge: Edge) {
  const opened = new WeakMap<Context<AppEnv>, Pool>()
  return (c: Context<AppEnv>): Pool => {
    const known = opened.get(c)
    if (known) return known
    const pool = openEdgePool(edge, 'shopboard-worker')
    opened.set(c, pool)
    return pool
  }
}

/** One connection to Hyperdrive, which keeps the real ones. It is not closed: the runtime does that. */
export const openEdgePool = ({ config, databaseUrl }: Edge, applicationName: string): Pool =>
  openPool(databaseUrl, {
    ...config,
    size: 1,
    // Hyperdrive hands its connections on after each transaction, and resets what was set on them
    pooler: 'transaction',
    applicationName,
    on: (event) => observe({ type: 'database', event }),
  })
