import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { clearDemo } from '../../../src/commands/demo/clear.ts'
import { demo } from '../../../src/commands/demo/demo.ts'
import { migrate } from '../../../src/db/migrate.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { runCli } from '../../support/cli.ts'
import {
  connectTo,
  createTestDatabase,
  type TestDatabase,
  type TestSql,
} from '../../support/database.ts'
import {
  type Cluster,
  run,
  startCluster,
  startStandby,
  withoutDebian,
} from '../../support/debian.ts'
import { openTestPool } from '../../support/pool.ts'

async function drifted(url: string) {
  const pool = openTestPool(url)
  try {
    return (await verify(pool)).filter(({ drift }) => drift > 0)
  } finally {
    await pool.close()
  }
}

/** A little of everything, over two weeks. */
async function liveALittle(sql: TestSql) {
  const [first] = await sql<{ id: string }[]>`
    with inserted as (
      insert into users (username, created_at)
      select gen_random_uuid()::text, '2020-01-01'::timestamptz + i * interval '5 hours' from generate_series(1, 10) i returning id
    ) select min(id) as id from inserted`
  const id = first?.id ?? 0
  await sql`insert into posts (author_id, created_at) select ${id}::bigint + i % 10, '2020-01-02'::timestamptz + i * interval '9 hours' from generate_series(1, 40) i`
  await sql`insert into comments (post_id, author_id, body, created_at)
    select (select max(id) from posts) - i % 40, ${id}::bigint + i % 7, '', '2020-01-03'::timestamptz + i * interval '70 minutes' from generate_series(1, 100) i`
  await sql`insert into sessions (user_id, created_at) select ${id}::bigint + i % 10, '2020-01-01'::timestamptz + i * interval '1 day' from generate_series(1, 20) i`
}

/** Lets the cluster's transaction ids go up. */
const burn = (sql: TestSql, count: number) =>
  sql.unsafe(
    `do $$ begin for i in 1..${count} loop perform pg_current_xact_id(); commit; end loop; end $$`,
  )

describe('a logical subscriber of the four tables', () => {
  let publisher: TestDatabase
  let subscriber: TestDatabase
  const slot = `rollup_${process.pid}`
  beforeAll(async () => {
    publisher = await createTestDatabase()
    subscriber = await createTestDatabase()
  })
  afterAll(async () => {
    await publisher.drop()
    await subscriber.drop()
  })
  afterEach(async () => {
    const subscriptions = await subscriber.sql`select from pg_subscription where subname = ${slot}`
    if (subscriptions.length === 0) return
    await subscriber.sql.unsafe(`alter subscription ${slot} disable`)
    await subscriber.sql.unsafe(`alter subscription ${slot} set (slot_name = none)`)
    await subscriber.sql.unsafe(`drop subscription ${slot}`)
    const free = () =>
      publisher.sql`select from pg_replication_slots where slot_name = ${slot} and not active`
    await expect.poll(free).toHaveLength(1)
    await publisher.sql`select pg_drop_replication_slot(${slot})`
  })

  /** The same server may be both: so the slot is made first. */
  async function subscribe() {
    await publisher.sql`create publication four for table users, posts, comments, sessions`
    await publisher.sql`select pg_create_logical_replication_slot(${slot}, 'pgoutput')`
    await subscriber.sql.unsafe(
      `create subscription ${slot} connection '${publisher.url}' publication four with (create_slot = false, slot_name = ${slot})`,
    )
  }
  const content = ({ sql }: TestDatabase) => sql`
    select 'users' as name, count(*), count(deleted_at) as deleted, sum(id) from users
    union all select 'posts', count(*), count(deleted_at), sum(id) from posts
    union all select 'comments', count(*), count(deleted_at), sum(id) from comments
    union all select 'sessions', count(*), count(deleted_at), sum(id) from sessions`
  async function expectArrived() {
    const published = await content(publisher)
    await expect.poll(() => content(subscriber)).toEqual(published)
    expect(await drifted(subscriber.url)).toEqual([])
    await subscriber.sql`select rollup.fold()`
    expect(await drifted(subscriber.url)).toEqual([])
  }

  it('counts what is copied, inserted, updated, deleted and truncated there', async ({ skip }) => {
    const { sql } = publisher
    const [wal] = await sql<{ level: string }[]>`select current_setting('wal_level') as level`
    skip(wal?.level !== 'logical', 'the server has another wal_level than logical')
    await liveALittle(sql)
    await subscribe()
    await expectArrived()
    await liveALittle(sql)
    await expectArrived()
    await sql`update posts set deleted_at = now() where id % 3 = 0`
    await sql`update comments set created_at = created_at + interval '3 days' where id % 3 = 0`
    await sql`delete from users where id % 4 = 0`
    await expectArrived()
    await sql`truncate comments, sessions`
    await expectArrived()
    expect(await subscriber.sql`select n from rollup.current_totals where kind = 1`).toEqual([
      { n: '0' },
    ])
  })
})

describe('a publication for all tables', () => {
  it('lets writers, the fold and the truncates go on', async () => {
    const { url, sql, drop } = await createTestDatabase()
    await sql`create publication everything for all tables`
    await liveALittle(sql)
    await sql`select rollup.fold()`
    await sql`update posts set deleted_at = now() where id % 3 = 0`
    await sql`delete from users where id % 3 = 0`
    expect(Number((await sql`select rollup.fold() as n`)[0]?.n)).toBeGreaterThan(0)
    await sql`truncate sessions`
    await sql`select rollup.fold()`
    expect(await sql`select from rollup.deltas`).toHaveLength(0)
    expect(await drifted(url)).toEqual([])
    await drop()
  })

  it('finds an identity for the rows of every rollup that is written', async () => {
    const { sql, drop } = await createTestDatabase()
    const nameless = await sql`
      select relname from pg_class c where relnamespace = 'rollup'::regnamespace and relkind = 'r' and not (
        relreplident = 'f' or relreplident = 'd' and exists (select from pg_index where indrelid = c.oid and indisprimary)
      )`
    // only ever locked
    expect(nameless).toEqual([{ relname: 'folding' }])
    await drop()
  })
})

describe.skipIf(withoutDebian)('a copy of the cluster or of a database', () => {
  let origin: Cluster
  const connections: TestSql[] = []
  const connect = (url: string) => {
    const sql = connectTo(url)
    connections.push(sql)
    return sql
  }
  beforeAll(async () => {
    origin = await startCluster()
  })
  afterEach(async () => {
    for (const sql of connections.splice(0)) await sql.end({ timeout: 1 })
  })
  afterAll(() => origin.stop())

  /** A migrated database of `cluster`. */
  async function newDatabase(cluster: Cluster, name: string) {
    const admin = connect(cluster.url())
    await admin.unsafe(`create database ${name}`)
    await migrate(cluster.url(name))
    return { url: cluster.url(name), sql: connect(cluster.url(name)) }
  }
  /** Some folded and some pending, transaction ids in the thousands. */
  async function newOrigin(name: string) {
    const database = await newDatabase(origin, name)
    await burn(database.sql, 5_000)
    await liveALittle(database.sql)
    await database.sql`select rollup.fold()`
    await liveALittle(database.sql)
    return database
  }
  const dump = (url: string, ...args: string[]) => run('pg_dump', ['-d', url, ...args])
  const restore = (url: string, text: string, ...args: string[]) =>
    run('psql', ['-q', '-X', '-d', url, ...args], text)

  it('is exact as a hot standby, with pending, folded and open writes', async () => {
    const { sql } = await newOrigin('followed')
    const standby = await startStandby(origin.url())
    try {
      const copy = connect(standby.url('followed'))
      const caughtUp = async () => {
        const [at] = await sql<{ lsn: string }[]>`select pg_switch_wal()::text as lsn`
        const reached = () =>
          copy`select from pg_last_wal_replay_lsn() as replayed where replayed >= ${at?.lsn ?? ''}::pg_lsn`
        await expect.poll(reached).toHaveLength(1)
      }
      const expectExact = async () => {
        await caughtUp()
        expect(await drifted(standby.url('followed'))).toEqual([])
        const totals = 'select kind, n from rollup.current_totals order by kind'
        expect(await copy.unsafe(totals)).toEqual(await sql.unsafe(totals))
      }
      await expectExact()
      await sql.begin(async (open) => {
        await open`insert into posts (author_id) values (1)`
        await expectExact()
        await sql`select rollup.fold()`
        await liveALittle(sql)
        await sql`select rollup.fold()`
        await expectExact()
      })
      await expectExact()
      const told = await runCli(['verify'], { DATABASE_URL: standby.url('followed') })
      expect(told).toMatchObject({ code: 0, stderr: '' })
      expect(told.stdout).toMatch(/^triggers: 24 entries, no drift\ntotals: 4 entries, no drift/)
    } finally {
      standby.stop()
    }
  })

  describe('restored where transaction ids are smaller', () => {
    let target: Cluster
    let copy: { url: string; sql: TestSql }
    beforeAll(async () => {
      target = await startCluster()
    })
    afterAll(() => target.stop())

    async function restoreAs(name: string) {
      const { url, sql } = await newOrigin(name)
      await connect(target.url()).unsafe(`create database ${name}`)
      restore(target.url(name), dump(url), '-v', 'ON_ERROR_STOP=1')
      copy = { url: target.url(name), sql: connect(target.url(name)) }
      const next = async (on: TestSql) =>
        Number((await on`select pg_snapshot_xmax(pg_current_snapshot())::text as next`)[0]?.next)
      expect(await next(copy.sql)).toBeLessThan(await next(sql))
      return { missing: (await next(sql)) - (await next(copy.sql)) }
    }

    it('is exact at once, and stays so when they pass what was folded before', async () => {
      const { missing } = await restoreAs('unfolded')
      expect(await drifted(copy.url)).toEqual([])
      for (const _ of [1, 2, 3, 4]) {
        await liveALittle(copy.sql)
        await burn(copy.sql, Math.ceil(missing / 3))
        expect(await drifted(copy.url)).toEqual([])
      }
      await copy.sql`select rollup.fold()`
      expect(await copy.sql`select from rollup.deltas`).toHaveLength(0)
      expect(await drifted(copy.url)).toEqual([])
    })

    it('knows its demo community, and clears it', async () => {
      await demo({ databaseUrl: (await newDatabase(origin, 'invented')).url, users: 5 })
      await connect(target.url()).unsafe('create database invented')
      restore(target.url('invented'), dump(origin.url('invented')), '-v', 'ON_ERROR_STOP=1')
      expect(await clearDemo({ databaseUrl: target.url('invented') })).toMatchObject({ users: 5 })
      expect(await drifted(target.url('invented'))).toEqual([])
    })

    it('counts a writer that was open while folds ran and they passed it', async () => {
      const { missing } = await restoreAs('folding')
      const writer = await copy.sql.reserve()
      await writer`begin`
      await writer`insert into posts (author_id) select 1 from generate_series(1, 1000)`
      for (let fold = 0; fold < 20; fold++) {
        await burn(copy.sql, Math.ceil(missing / 15))
        await copy.sql`select rollup.fold()`
      }
      await writer`commit`
      writer.release()
      expect(await drifted(copy.url)).toEqual([])
      await copy.sql`select rollup.fold()`
      expect(await drifted(copy.url)).toEqual([])
    })
  })

  it('is exact as data only in a migrated database: its triggers count, its rollups refuse', async () => {
    const { url } = await newOrigin('told_data')
    const copy = await newDatabase(origin, 'data_only')
    restore(copy.url, dump(url, '--data-only'))
    expect(await copy.sql`select from users`).toHaveLength(20)
    expect(await drifted(copy.url)).toEqual([])
  })

  it('says so when its data came in without the triggers', async () => {
    const { url } = await newOrigin('silent_data')
    const copy = await newDatabase(origin, 'triggers_off')
    restore(copy.url, dump(url, '--data-only', '--schema=public', '--disable-triggers'))
    const drift = await drifted(copy.url)
    expect(drift.map(({ rollup }) => rollup)).toEqual(
      expect.arrayContaining(['triggers', 'totals', 'counts', 'user_days', 'active_users']),
    )
  })
})
