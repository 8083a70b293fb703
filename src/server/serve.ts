import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { createApp } from '../app.ts'
import { type Cache, noCache } from '../cache/cache.ts'
import { memoryCache } from '../cache/memory.ts'
import { type Watcher, watchTables } from '../cache/watcher.ts'
import type { Config } from '../config.ts'
import { readDatabaseUrl } from '../database-url.ts'
import type { Pool } from '../db/database.ts'
import { openPool, type PoolOptions } from '../db/pool/pool.ts'
import type { Provided } from '../db/provide.ts'
import { startFolding } from '../db/rollup/fold.ts'
import { startCountingViews } from '../db/views.ts'
import { cacheKey } from '../http/answer.ts'
import { corsOf } from '../http/cors.ts'
import { encoder } from '../http/encoding.ts'
import { hostNames } from '../http/host.ts'
import { cursorCodec } from '../http/paging/cursor.ts'
import { strictTransport } from '../http/secure-headers.ts'
import type { Observer } from '../observability/observation.ts'
import { type Authentication, authentication } from './authentication.ts'
import { compress } from './compress.ts'
import { startExports } from './exports.ts'
import { listen } from './listen.ts'
import { nextSteps } from './next-steps.ts'
import { openFilesLimit } from './open-files.ts'
import { prepare } from './prepare.ts'
import { openRateLimits } from './rate-limits.ts'
import { installedScripts } from './scripts.ts'
import { seedDemo } from './seed-demo.ts'
import type { Shutdown } from './shutdown.ts'
import { socketAddress } from './socket-address.ts'
import { jobPoolLimits, mostJobs, workOnJobs } from './work-on-jobs.ts'

/** ms running requests get to finish: process managers rarely wait longer than 30 s before they kill. */
const drainTimeout = 20_000
/** The watcher, the fold and the views have connections of their own: no load on the requests' pool blinds them. */
const backgroundPoolSize = 3
/** Paths that are answered without the database. */
const readsNothing = /^\/(docs|openapi\.json|problems|favicon\.\w+)\b/
/** Files the process needs beside its connections: what it runs of, the log, the database's own. */
const reserve = 50

/** Migrates the database and serves it until `shutdown`. @throws a plain sentence when it cannot */
export async function serve(
  config: Config,
  database: Provided,
  observe: Observer,
  shutdown: Shutdown,
): Promise<void> {
  const { url: databaseUrl } = database
  const { isPreparing } = await prepare({ config, database, say })

  const open = opening(databaseUrl, { ...config, isPreparing }, { observe, shutdown })
  const background = open(backgroundPoolSize, 'shopboard background', { statementTimeout: 600_000 })
  if (config.demo) {
    const seeded = await seedDemo({ databaseUrl, pool: background, signal: shutdown.signal })
    if (seeded) say(seeded)
  }
  const pool = open(config.poolSize, 'shopboard')
  const cache = cacheOf(config, observe)
  const callers = await authentication({ config, open, observe, say })
  const keeping = { cache, keys: callers.keys }
  const watcher = startBackgroundWork(config, background, keeping, { observe, shutdown })
  const views = startCountingViews({
    pool: background,
    onFailed: (error) => watcher.isUp() && observe({ type: 'views_failed', error }),
    onLost: (lost) => observe({ type: 'views_lost', lost }),
  })
  shutdown.defer(views.stop)
  const workPool = open(mostJobs, 'shopboard jobs', jobPoolLimits)
  const exports = startExports(config, databaseUrl, (error) =>
    observe({ type: 'export_files_failed', error }),
  )
  shutdown.defer(exports.stop)
  const kinds = [exports.kind]
  const jobs = workOnJobs({
    config,
    kinds,
    pool: background,
    workPool,
    observe,
    isUp: watcher.isUp,
  })
  shutdown.defer(jobs.stop)

  const cors = corsOf(config.corsOrigins)
  const limits = await openRateLimits(config, observe)
  shutdown.defer(async () => limits?.close())
  const app = createApp({
    pool: () => pool,
    ...callers,
    addressOf: socketAddress(config.trustProxy, observe),
    cursors: cursorCodec(cursorKey(config, databaseUrl, say)),
    requestTimeout: config.requestTimeout,
    cache,
    cors,
    strictTransport: strictTransport(config.hsts),
    encode: encoder(compress, cache.grow),
    scripts: installedScripts(),
    exportFiles: exports.files,
    observe,
    limits,
    runtime: 'node',
    keepAlive: () => {},
    countView: (_, postId) => views.count(postId),
    isReady: watcher.isUp,
  })
  const { url, drain } = await listen(app.fetch, {
    ...config,
    cors,
    names: hostNames(config.host, config.allowedHosts),
    maxConnections: Math.min(config.maxConnections, openFilesLimit() - config.poolSize - reserve),
    admission: {
      room: pool.room,
      isQuick: isQuickFor(callers, cache),
      patience: config.acquireTimeout / 2,
    },
    onRefused: () => observe({ type: 'refused' }),
  })
  shutdown.defer(() => drain(Math.min(config.requestTimeout, drainTimeout)))
  say(`Shopboard is at ${url} (${database.description})`)
  if (process.stdout.isTTY) say(nextSteps(url, callers.isOpen))
}

/** Opens the pools of a server, which its shutdown closes. */
const opening =
  (
    url: string,
    config: Omit<PoolOptions, 'size' | 'applicationName' | 'on'>,
    { observe, shutdown }: { readonly observe: Observer; readonly shutdown: Shutdown },
  ) =>
  (size: number, applicationName: string, limits: Partial<PoolOptions> = {}): Pool => {
    const pool = openPool(url, {
      ...config,
      ...limits,
      size,
      applicationName,
      socket: () => new Socket().setNoDelay(),
      on: (event) => {
        // what the shutdown itself gives up is no news
        if (event.type !== 'cancelled' || !shutdown.signal.aborted)
          observe({ type: 'database', event })
      },
    })
    shutdown.defer(pool.close)
    return pool
  }

/** What is answered without the requests' connections, by whoever is known; who is refused costs none either. */
const isQuickFor =
  ({ peek }: Authentication, cache: Cache) =>
  ({ method, url = '', headers }: IncomingMessage): boolean => {
    if (method === 'OPTIONS' || readsNothing.test(url)) return true
    const caller = peek(headers.authorization)
    if (caller === undefined || caller === 'refused') return caller === 'refused'
    return cache.peek(cacheKey(caller, url)) !== undefined
  }

const cacheOf = (
  { cache, cacheThreshold: threshold, cacheSize: maxSize }: Config,
  observe: Observer,
): Cache =>
  cache
    ? memoryCache({
        threshold,
        maxSize,
        onRefreshFailed: (name, error) => observe({ type: 'refresh_failed', name, error }),
      })
    : noCache

/** Starts what a server does beside its requests: it watches for writes and folds the rollups. */
function startBackgroundWork(
  { foldInterval: interval }: Config,
  pool: Pool,
  { cache, keys }: { cache: Cache; keys: Authentication['keys'] },
  { observe, shutdown }: { observe: Observer; shutdown: Shutdown },
): Watcher {
  const watcher = watchTables({
    pool,
    cache,
    keys,
    onChange: (state, error) => observe({ type: 'watcher', state, error }),
  })
  shutdown.defer(watcher.stop)
  const folding = startFolding({
    pool,
    interval,
    // while the watcher is down its own observation says why
    onFailed: (error) => watcher.isUp() && observe({ type: 'fold_failed', error }),
    onBarred: (reason) => observe({ type: 'folds_barred', reason }),
  })
  shutdown.defer(folding.stop)
  return watcher
}

/**
 * The key that signs cursors: it survives a restart, and a change of the database's host or port. Where nothing
 * secret is known it is made up, and ends with the process.
 */
function cursorKey({ cursorSecret }: Config, url: string, warn: (line: string) => void) {
  const secret = cursorSecret ?? readDatabaseUrl(url).password ?? ''
  if (secret === '') {
    warn('Cursors end with this process: set CURSOR_SECRET, for DATABASE_URL has no password')
    return new Uint8Array(randomBytes(32))
  }
  return createHash('sha256').update(`shopboard cursor ${secret}`).digest()
}

/** For the person at the terminal; the log is for machines. */
const say = (line: string) => process.stdout.write(`${line}\n`)
