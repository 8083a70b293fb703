import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { noCache } from '../../src/cache/cache.ts'
import { type Watcher, watchTables } from '../../src/cache/watcher.ts'
import { runExplain } from '../../src/commands/explain/command.ts'
import { onDatabase } from '../../src/commands/on-database.ts'
import { runVerify } from '../../src/commands/verify.ts'
import { faultOf } from '../../src/db/access.ts'
import { migrate } from '../../src/db/migrate.ts'
import { startFolding } from '../../src/db/rollup/fold.ts'
import { statements } from '../../src/db/statement.ts'
import { recordingTerminal } from '../commands/terminal.ts'
import type { TestApp } from '../support/app.ts'
import { connectTo, type TestSql } from '../support/database.ts'
import { type Cluster, startCluster, startStandby, withoutDebian } from '../support/debian.ts'
import {
  createFaultApp,
  expectProblem,
  postJson,
  refuseStrays,
  runningOnServer,
} from '../support/failures.ts'

/** In this order: the last test makes it a primary. */
describe.skipIf(withoutDebian)('the app on a hot standby', () => {
  refuseStrays()
  let primary: Cluster
  let standby: Cluster
  let sql: TestSql
  let app: TestApp
  let watcher: Watcher
  beforeAll(async () => {
    primary = await startCluster()
    await migrate(primary.url())
    sql = connectTo(primary.url())
    await sql`insert into users (username) select 'user ' || i from generate_series(1, 50) i`
    // a standby takes it over: nothing is waited for there
    await sql`alter system set max_standby_streaming_delay = 0`
    standby = await startStandby(primary.url())
    app = await createFaultApp({ url: standby.url(), services: { isReady: () => watcher.isUp() } })
    watcher = watchTables({ pool: app.pool, cache: noCache, interval: 20 })
  })
  afterAll(async () => {
    await watcher?.stop()
    await app?.close()
    await sql?.end({ timeout: 1 })
    standby?.stop()
    primary?.stop()
  })
  const totals = async () => {
    const response = await app.request('/api/v1/dashboard/stats')
    expect(response.status).toBe(200)
    return ((await response.json()) as { totals: { users: number } }).totals.users
  }
  const fold = () => {
    const barred: (string | undefined)[] = []
    const failures: unknown[] = []
    const { stop } = startFolding({
      pool: app.pool,
      interval: 20,
      onFailed: (error) => failures.push(error),
      onBarred: (reason) => barred.push(reason),
    })
    onTestFinished(stop)
    return { barred, failures }
  }

  it('starts, is ready and reads exactly what the primary has', async () => {
    expect(await migrate(standby.url())).toBe('current')
    expect(await faultOf(app.pool, 60_000)).toBeUndefined()
    await expect.poll(async () => (await app.request('/readyz')).status).toBe(200)
    await sql`insert into users (username) values ('new')`
    await expect.poll(totals).toBe(51)
    for (const path of ['activity?pageSize=5', 'activity?page=2', 'dashboard/active-users'])
      expect([path, (await app.request(`/api/v1/${path}`)).status]).toEqual([path, 200])
  })

  it('refuses a write with a clean 503', async () => {
    const response = await app.request('/api/fault/users', postJson({ username: 'nobody' }))
    await expectProblem(response, 'database_read_only')
  })

  it('verifies', async () => {
    const terminal = recordingTerminal()
    const env = { DATABASE_URL: standby.url() }
    expect(await onDatabase(runVerify, {}, terminal, env, { isMigrating: false })).toBe(0)
    expect(terminal.written.stderr).toBe('')
  })

  it('explains', async () => {
    const terminal = recordingTerminal()
    const flags = { statements, asked: 'activity_top' }
    const env = { DATABASE_URL: standby.url() }
    expect(await onDatabase(runExplain, flags, terminal, env, { isMigrating: false })).toBe(0)
    expect(terminal.written.stdout).toMatch(/^activity_top: uses its index /)
  })

  it('answers a read that the recovery cancels with a clean 503', async () => {
    const slow = app.request('/api/fault/sleep?seconds=60')
    await expect.poll(() => runningOnServer(app, 'pg_sleep')).toBe(1)
    await sql`delete from users where username = 'new'`
    await sql`insert into users (username) values ('new')`
    await sql`vacuum users`
    await expectProblem(await slow, 'serialization_failed')
  })

  it('folds within seconds of its promotion, and writes', async () => {
    const { barred, failures } = fold()
    await expect.poll(() => barred).toEqual(['the database is a standby'])
    await app.sql`select pg_promote()`
    await expect.poll(() => barred).toEqual(['the database is a standby', undefined])
    const response = await app.request('/api/fault/users', postJson({ username: 'somebody' }))
    expect(response.status).toBe(201)
    await expect.poll(() => app.sql`select from rollup.deltas`).toEqual([])
    expect(await totals()).toBe(52)
    expect(failures).toEqual([])
  })
})

describe.skipIf(withoutDebian)('a standby whose schema is older', () => {
  it('is refused until its primary is migrated', async () => {
    const primary = await startCluster()
    onTestFinished(primary.stop)
    const standby = await startStandby(primary.url())
    onTestFinished(standby.stop)
    await expect(migrate(standby.url())).rejects.toThrow(
      'it is not migrated, and a standby: migrate its primary',
    )
    await migrate(primary.url())
    await expect.poll(() => migrate(standby.url()).catch(() => 'older')).toBe('current')
  })
})
