import type { Context } from 'hono'
import { createApp } from './app.ts'
import { anyone } from './auth/caller.ts'
import { noCache } from './cache/cache.ts'
import { ConfigError, readConfig } from './config.ts'
import type { Pool } from './db/database.ts'
import { openPool } from './db/pool/pool.ts'
import type { AppEnv, Bindings, Services } from './http/context.ts'
import { cursorCodec } from './http/paging/cursor.ts'
import { logRecordOf } from './observability/log-record.ts'
import type { Observer } from './observability/observation.ts'

type App = ReturnType<typeof createApp>
type ExecutionContext = Parameters<App['fetch']>[2]

let app: App | undefined

export default {
  fetch(request: Request, env: Bindings, execution: ExecutionContext) {
    app ??= createApp(servicesOf(env))
    return app.fetch(request, env, execution)
  },
}

function servicesOf(env: Bindings): Services {
  const config = readConfig(variablesOf(env))
  if (!config.cursorSecret) {
    throw new ConfigError([
      { name: 'CURSOR_SECRET', should: 'should be set: npx wrangler secret put CURSOR_SECRET' },
    ])
  }
  return {
    pool: connectionPerRequest(config),
    cursors: cursorCodec(new TextEncoder().encode(config.cursorSecret)),
    requestTimeout: config.requestTimeout,
    cache: noCache,
    observe,
    runtime: 'workerd',
    keepAlive: (c, work) => c.executionCtx.waitUntil(work),
    isReady: () => true,
    callerOf: () => anyone,
  }
}

const variablesOf = (env: Bindings): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value]] : [],
    ),
  )

/**
 * A socket belongs to the request that opened it, so each request has a client of its own; Hyperdrive keeps the
 * real connections. It is not closed: the runtime does that.
 */
function connectionPerRequest(config: ReturnType<typeof readConfig>) {
  const opened = new WeakMap<Context<AppEnv>, Pool>()
  return (c: Context<AppEnv>): Pool => {
    const known = opened.get(c)
    if (known) return known
    const url = c.env.HYPERDRIVE?.connectionString
    if (!url) throw new ConfigError([{ name: 'HYPERDRIVE', should: 'should be bound' }])
    const pool = openPool(url, {
      size: 1,
      acquireTimeout: config.acquireTimeout,
      queueLimit: config.queueLimit,
      connectTimeout: config.connectTimeout,
      statementTimeout: config.statementTimeout,
      lockTimeout: config.lockTimeout,
      idleInTransactionTimeout: config.idleInTransactionTimeout,
      applicationName: 'shopboard-worker',
      // Hyperdrive is one: it keeps settings for the length of a transaction
      pooler: 'transaction',
      on: (event) => observe({ type: 'database', event }),
    })
    opened.set(c, pool)
    return pool
  }
}

/** The platform collects what is written to the console; requests it logs itself. */
const observe: Observer = (observation) => {
  const line = logRecordOf(observation)
  if (!line || line.level === 'debug') return
  console[line.level](JSON.stringify({ level: line.level, message: line.message, ...line.fields }))
}
