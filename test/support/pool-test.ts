import { afterEach, beforeEach, expect, vi } from 'vitest'
import type {
  Access,
  DatabaseEvent,
  Pool,
  RequestTransaction,
  Timing,
} from '../../src/db/database.ts'
import type { PoolOptions } from '../../src/db/pool/pool.ts'
import { type TestDatabase, useDatabase } from './database.ts'
import { openTestPool } from './pool.ts'
import { startProxy, type TestProxy } from './proxy.ts'

export type TestRequest = RequestTransaction & {
  readonly timing: Timing
  /** As a client that goes away. */
  readonly hangUp: () => void
}

export type PoolTest = {
  readonly database: Pick<TestDatabase, 'url' | 'sql'>
  readonly proxy: TestProxy
  readonly pool: Pool
  /** What the pool told, oldest first. */
  readonly events: DatabaseEvent[]
  /** Puts a pool with other options in the place of `pool`. */
  readonly open: (options: Partial<PoolOptions>) => Pool
  /** A request as the middleware makes it; `deadline` in ms from now. */
  readonly request: (access: Access, deadline?: number) => TestRequest
  /** Does `work` in a read only request and commits it. */
  readonly read: <T>(work: (transaction: TestRequest) => Promise<T>) => Promise<T>
  /** Whether the server process with this id runs a statement. */
  readonly isRunning: (backend: number) => Promise<boolean>
  /** The server process of a statement that sleeps, once there is one. */
  readonly sleeper: () => Promise<number>
  readonly countUsersNamed: (username: string) => Promise<number>
}

/** A pool behind a proxy for each test of a file; the test has to leave all of its connections free. */
export function usePool(defaults: Partial<PoolOptions> = {}): PoolTest {
  const database = useDatabase()
  let current: { proxy: TestProxy; pool: Pool; events: DatabaseEvent[] } | undefined
  const now = () => {
    if (!current) throw new Error('The pool is there while tests run')
    return current
  }
  beforeEach(async () => {
    const proxy = await startProxy(database.url)
    const events: DatabaseEvent[] = []
    const pool = openTestPool(proxy.url, { on: (event) => events.push(event), ...defaults })
    current = { proxy, pool, events }
  })
  afterEach(async () => {
    const { pool, proxy } = now()
    await expect.poll(() => pool.stats()).toMatchObject({ inUse: 0, waiting: 0 })
    await pool.close()
    await proxy.close()
  })

  const test: PoolTest = {
    database,
    get proxy() {
      return now().proxy
    },
    get pool() {
      return now().pool
    },
    get events() {
      return now().events
    },
    open(options) {
      const { proxy, events } = now()
      now().pool = openTestPool(proxy.url, {
        on: (event) => events.push(event),
        ...defaults,
        ...options,
      })
      return now().pool
    },
    request(access, deadline = 5_000) {
      const client = new AbortController()
      const timing = { pool: undefined, db: undefined }
      const signal = () => client.signal
      const transaction = now().pool.request({ access, deadline, signal, timing })
      return { ...transaction, timing, hangUp: () => client.abort() }
    },
    async read(work) {
      const transaction = test.request('read only')
      const result = await work(transaction)
      await transaction.commit()
      return result
    },
    async isRunning(backend) {
      const rows = await database.sql`
        select from pg_stat_activity where pid = ${backend} and state = 'active'`
      return rows.length > 0
    },
    sleeper: () =>
      vi.waitFor(
        async () => {
          const [row] = await database.sql<{ pid: number }[]>`
          select pid from pg_stat_activity
          where application_name = 'shopboard-test' and datname = current_database()
            and state = 'active' and query like '%pg_sleep%'`
          if (!row) throw new Error('Nobody sleeps')
          return row.pid
        },
        { timeout: 60_000 },
      ),
    countUsersNamed: async (username) =>
      (await database.sql`select from users where username = ${username}`).length,
  }
  return test
}
