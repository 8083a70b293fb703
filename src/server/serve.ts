import { createHash } from 'node:crypto'
import { Socket } from 'node:net'
import { createApp } from '../app.ts'
import { noCache } from '../cache/cache.ts'
import { memoryCache } from '../cache/memory.ts'
import { tableVersions, watchTables } from '../cache/watcher.ts'
import { DemoError, demo } from '../commands/demo/demo.ts'
import type { Config } from '../config.ts'
import type { Pool } from '../db/database.ts'
import { migrateWhenUp } from '../db/migrate-when-up.ts'
import { openPool } from '../db/pool/pool.ts'
import type { Provided } from '../db/provide.ts'
import { startFolding } from '../db/rollup/fold.ts'
import { cursorCodec } from '../http/paging/cursor.ts'
import type { Observer } from '../observability/observation.ts'
import { listen } from './listen.ts'
import type { Shutdown } from './shutdown.ts'

/** ms a database may still be starting when we are. */
const startTimeout = 30_000
/** ms running requests get to finish; what stops processes rarely waits longer than 30 s. */
const drainTimeout = 20_000
/** Users of the community a newcomer finds. */
const demoUsers = 300
/** The watcher and the fold have connections of their own: no load on the requests' pool blinds them. */
const backgroundPoolSize = 2

/** Migrates the database and serves it until `end`. @throws a plain sentence when it cannot */
export async function serve(
  config: Config,
  database: Provided,
  observe: Observer,
  end: Shutdown,
): Promise<void> {
  await migrateWhenUp(database.url, startTimeout, (reason) =>
    say(`Waiting for the database ${reason}`),
  )

  const open = (size: number, name: string, limits: Partial<Config> = {}) => {
    const pool = openPool(database.url, {
      ...config,
      ...limits,
      size,
      applicationName: name,
      socket: () => new Socket().setNoDelay(),
      on: (event) => observe({ type: 'database', event }),
    })
    end.defer(pool.close)
    return pool
  }
  const background = open(backgroundPoolSize, 'shopboard background', { statementTimeout: 600_000 })
  if (config.demo) await seedDemo(database.url, background, end.signal)
  const pool = open(config.poolSize, 'shopboard')
  const cache = config.cache
    ? memoryCache({
        threshold: config.cacheThreshold,
        onRefreshFailed: (name, error) => observe({ type: 'refresh_failed', name, error }),
      })
    : noCache
  const watcher = watchTables({
    pool: background,
    cache,
    onChange: (state, error) => observe({ type: 'watcher', state, error }),
  })
  end.defer(watcher.stop)
  const folding = startFolding({
    pool: background,
    interval: config.foldInterval,
    onFailed: (error) =>
      watcher.isUp() && observe({ type: 'failure', what: 'A fold failed', error }),
  })
  end.defer(folding.stop)

  const app = createApp({
    pool: () => pool,
    cursors: cursorCodec(cursorKey(config, database.url)),
    requestTimeout: config.requestTimeout,
    cache,
    observe,
    runtime: 'node',
    keepAlive: () => {},
    isReady: watcher.isUp,
  })
  const listening = await listen(app.fetch, config.host, config.port)
  end.defer(() => listening.drain(Math.min(config.requestTimeout, drainTimeout)))
  say(`Shopboard is at ${listening.url} (${database.description})`)
}

/** Fills a database nothing was ever written to; of two servers that start at once, one does. */
async function seedDemo(url: string, pool: Pool, signal: AbortSignal): Promise<void> {
  const versions = await pool.transaction({ access: 'read only' }, (db) => db.run(tableVersions))
  if (versions.some(({ n }) => n > 0)) return
  try {
    const { users, posts, comments } = await demo({ databaseUrl: url, users: demoUsers, signal })
    say(
      `A demo community moved in: ${users} users, ${posts} posts, ${comments} comments (DEMO=off leaves it empty)`,
    )
  } catch (error) {
    if (!(error instanceof DemoError) || signal.aborted) throw error
  }
}

/** Cursors outlive a restart and are good on every server of one database; its port and host may change. */
function cursorKey({ cursorSecret }: Config, url: string): Uint8Array {
  const { username, password, pathname } = new URL(url)
  const secret = cursorSecret ?? (password || `${username}${pathname}`)
  return createHash('sha256').update(`shopboard cursor ${secret}`).digest()
}

/** For the person at the terminal; the log is for machines. */
const say = (line: string) => process.stdout.write(`${line}\n`)
