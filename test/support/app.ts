import { createApp } from '../../src/app.ts'
import { anyone } from '../../src/auth/caller.ts'
import { noCache } from '../../src/cache/cache.ts'
import type { Pool } from '../../src/db/database.ts'
import type { PoolOptions } from '../../src/db/pool/pool.ts'
import type { Services } from '../../src/http/context.ts'
import { cursorCodec } from '../../src/http/paging/cursor.ts'
import type { Observation } from '../../src/observability/observation.ts'
import { connectTo, createTestDatabase, type TestDatabase, type TestSql } from './database.ts'
import { openTestPool } from './pool.ts'

export type TestAppOptions = {
  /** A database the test made itself; else the app gets one of its own. */
  readonly url?: string
  readonly pool?: Partial<PoolOptions>
  readonly services?: Partial<Services>
}

export type TestApp = {
  readonly app: ReturnType<typeof createApp>
  /** `path` begins with a slash. */
  readonly request: (path: string, init?: RequestInit) => Promise<Response>
  readonly pool: Pool
  /** What the app told its listeners, oldest first. */
  readonly observed: Observation[]
  readonly sql: TestSql
  readonly url: string
  readonly close: () => Promise<void>
}

/** The app over a real database, without a port, a cache or a log. */
export async function createTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const { url, sql, drop } = options.url ? borrowed(options.url) : await createTestDatabase()
  const observed: Observation[] = []
  const pool = openTestPool(url, {
    on: (event) => observed.push({ type: 'database', event }),
    ...options.pool,
  })
  const app = createApp({
    pool: () => pool,
    cursors: cursorCodec(new TextEncoder().encode('a key for tests alone')),
    requestTimeout: 60_000,
    cache: noCache,
    observe: (observation) => observed.push(observation),
    runtime: 'node',
    keepAlive: () => {},
    isReady: () => true,
    callerOf: () => anyone,
    isOpen: true,
    countView: () => {},
    ...options.services,
  })
  return {
    app,
    request: async (path, init) => app.request(path, init),
    pool,
    observed,
    sql,
    url,
    async close() {
      await pool.close()
      await drop()
    },
  }
}

function borrowed(url: string): TestDatabase {
  const sql = connectTo(url)
  return { url, sql, drop: () => sql.end({ timeout: 1 }) }
}
