import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { lockKey, migrate } from '../../src/db/migrate.ts'
import { verify } from '../../src/db/rollup/verify.ts'
import {
  createTestDatabase,
  type TestDatabase,
  type TestSql,
  useDatabase,
} from '../support/database.ts'
import { startPgBouncer, withoutPgBouncer } from '../support/pgbouncer.ts'
import { openTestPool } from '../support/pool.ts'
import { startProxy } from '../support/proxy.ts'
import { useRole } from '../support/role.ts'
import { strangeSettings } from '../support/strange-settings.ts'

const folder = join(import.meta.dirname, '../../drizzle')
type Journal = { entries: { tag: string }[] }
const journal = JSON.parse(await readFile(join(folder, 'meta/_journal.json'), 'utf8')) as Journal

/** How many migrations come before the one whose name ends so. */
const countBefore = (name: string) => journal.entries.findIndex(({ tag }) => tag.endsWith(name))

async function onEmptyDatabase(work: (database: TestDatabase) => Promise<void>) {
  const database = await createTestDatabase({ migrated: false })
  try {
    await work(database)
  } finally {
    await database.drop()
  }
}

/** Brings a database to where the first `count` migrations left it. */
async function migrateOnly(url: string, count: number) {
  const early = await mkdtemp(join(tmpdir(), 'migrations-'))
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await cp(folder, early, { recursive: true })
    const first = { ...journal, entries: journal.entries.slice(0, count) }
    await writeFile(join(early, 'meta/_journal.json'), JSON.stringify(first))
    await applyMigrations(drizzle(sql), { migrationsFolder: early })
  } finally {
    await sql.end()
    await rm(early, { recursive: true })
  }
}

/** A little of everything: users of each class, authorless, deleted, orphaned of its account, several of a day. */
async function liveALittle({ sql }: TestDatabase) {
  await sql`insert into users (username, is_active, is_admin, created_at) select 'user ' || i, i % 4 > 0, i % 3 = 0, '2020-01-01'::timestamptz + i * interval '5 hours' from generate_series(1, 20) i`
  await sql`insert into posts (author_id, created_at, deleted_at) select nullif(i % 7, 0), '2020-01-02'::timestamptz + i * interval '9 hours', case when i % 5 = 0 then now() end from generate_series(1, 50) i`
  await sql`insert into comments (post_id, author_id, body, created_at) select 1 + i % 50, nullif(i % 11, 0), '', '2020-01-03'::timestamptz + i * interval '7 minutes' from generate_series(1, 300) i`
  await sql`insert into sessions (user_id, created_at) select 1 + i % 20, '2020-01-01'::timestamptz + i * interval '1 day' from generate_series(1, 40) i`
}

async function expectNoDrift(url: string) {
  const pool = openTestPool(url)
  try {
    expect((await verify(pool)).filter(({ drift }) => drift > 0)).toEqual([])
  } finally {
    await pool.close()
  }
}

const nameOf = (url: string) => new URL(url).pathname.slice(1)

/** Waits until a migration waits for a lock of this database's tables. */
const migrationWaits = (sql: TestSql, table = 'posts') =>
  expect
    .poll(
      () => sql`
        select from pg_locks where not granted and relation = ${table}::regclass
          and database = (select oid from pg_database where datname = current_database())`,
    )
    .toHaveLength(1)

const advisoryLocks = (sql: TestSql) => sql`
  select from pg_locks
  where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`

/** Three writers, each of an author of its own, until told to stop; gives what they failed with. */
function startWriters(sql: TestSql) {
  let isOver = false
  let written = 0
  const writer = async (author: number) => {
    while (!isOver) {
      const name = `writer ${crypto.randomUUID()}`
      await sql.begin(async (tx) => {
        const [post] = await tx`insert into posts (author_id) values (${author}) returning id`
        const [user] = await tx`insert into users (username) values (${name}) returning id`
        await tx`insert into comments (post_id, author_id, body) values (${post?.id}, ${user?.id}, '')`
      })
      await sql`insert into sessions (user_id) select id from users where username = ${name}`
      await sql`delete from posts where id = (select max(id) from posts where author_id = ${author} and id % 3 = 0)`
      await sql`update posts set deleted_at = now() where id = (select max(id) from posts where author_id = ${author})`
      written += 1
    }
  }
  const failures: unknown[] = []
  const writers = [1, 2, 3].map((author) => writer(author).catch((error) => failures.push(error)))
  return {
    wrote: (more: number) => {
      const enough = written + more
      return expect.poll(() => written).toBeGreaterThanOrEqual(enough)
    },
    async stop() {
      isOver = true
      await Promise.all(writers)
      return failures
    },
  }
}

describe('migrate', () => {
  it('lets two servers start at once on an empty database, and changes nothing after', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      await Promise.all([migrate(url), migrate(url), migrate(url)])
      const applied = async () =>
        Number((await sql`select count(*) from drizzle.__drizzle_migrations`)[0]?.count)
      expect(await applied()).toBe(journal.entries.length)
      await migrate(url)
      expect(await applied()).toBe(journal.entries.length)
    }))

  it.each(journal.entries.map(({ tag }, at) => [tag, at] as const).slice(1))(
    'brings %s to a database that is in use, and counts what was there before',
    (_, at) =>
      onEmptyDatabase(async (database) => {
        await migrateOnly(database.url, at)
        await liveALittle(database)
        await migrate(database.url)
        await expectNoDrift(database.url)
        await database.sql`select rollup.fold()`
        await database.sql`delete from users where id % 3 = 0`
        await expectNoDrift(database.url)
      }),
  )

  it('waits where the database’s own default is another isolation level, and misses nothing', () =>
    onEmptyDatabase(async (database) => {
      const { url, sql } = database
      await migrateOnly(url, 1)
      await liveALittle(database)
      await sql.unsafe(
        `alter database ${nameOf(url)} set default_transaction_isolation = 'repeatable read'`,
      )
      const writer = await sql.reserve()
      await writer`begin`
      await writer`insert into posts (author_id) values (1)`
      const migrated = migrate(url)
      await migrationWaits(sql)
      await writer`commit`
      writer.release()
      await migrated
      await expectNoDrift(url)
    }))

  it('lets a writer through that waits for it in a circle', () =>
    onEmptyDatabase(async (database) => {
      const { url, sql } = database
      await migrateOnly(url, 2)
      await liveALittle(database)
      const writer = await sql.reserve()
      await writer`begin`
      await writer`insert into posts (author_id) values (1)`
      const migrated = migrate(url)
      await migrationWaits(sql)
      await writer`insert into users (username) values ('in a circle')`
      await writer`commit`
      writer.release()
      await migrated
      await expectNoDrift(url)
    }))

  it('waits for a snapshot that has read one of the tables: another that is written anew would look empty to it', () =>
    onEmptyDatabase(async (database) => {
      const { url, sql } = database
      await migrateOnly(url, countBefore('_lists'))
      await liveALittle(database)
      const reader = await sql.reserve()
      await reader`begin isolation level repeatable read`
      await reader`select from users`
      const migrated = migrate(url)
      await migrationWaits(sql, 'users')
      expect(await reader`select from posts`).toHaveLength(50)
      await reader`commit`
      reader.release()
      await migrated
      await expectNoDrift(url)
    }))

  it('says in a sentence who is in its way when its locks never come free', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      await migrateOnly(url, 2)
      const writer = await sql.reserve()
      await writer`begin`
      await writer`insert into posts default values`
      await expect(migrate(url, { lockTimeout: 20 })).rejects.toThrow(
        /^The migration needs locks .* in \d+ tries: end the transactions that hold them/,
      )
      await writer`commit`
      writer.release()
      await migrate(url)
      await expectNoDrift(url)
    }))

  it('takes a database whose instants have no year of four digits, and has the next write mend them', () =>
    onEmptyDatabase(async (database) => {
      const { url, sql } = database
      await migrateOnly(url, countBefore('_instants'))
      await liveALittle(database)
      await sql`update posts set updated_at = 'infinity' where id = 1`
      await sql`update users set last_seen_at = '-infinity' where id = 1`
      await migrate(url)
      await expectNoDrift(url)
      await expect(sql`update posts set body = 'x' where id = 1`).rejects.toMatchObject({
        code: '23514',
        constraint_name: 'posts_updated_at_range',
      })
      await sql`update posts set body = 'x', updated_at = now() where id = 1`
      await sql`alter table posts validate constraint posts_updated_at_range`
    }))

  it('finds the indexes that docs/operating.md has made beforehand, beside writers', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      await migrateOnly(url, countBefore('_lists'))
      const manual = await readFile(join(folder, '../docs/operating.md'), 'utf8')
      const indexes = manual.match(/^create index concurrently .*;$/gm) ?? []
      expect(indexes).toHaveLength(8)
      for (const index of indexes) await sql.unsafe(index)
      await migrate(url)
      const migrated = await createTestDatabase()
      const defined = (of: TestSql) =>
        of`select indexdef from pg_indexes where schemaname = 'public' order by indexname`
      expect(await defined(sql)).toEqual(await defined(migrated.sql))
      await migrated.drop()
    }))

  it('takes what needs a superuser from functions that were made with it', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      await migrateOnly(url, countBefore('_lighter_deltas'))
      for (const writing of ['fold()', 'fold_last()', 'rebuild(text)'])
        await sql.unsafe(`alter function rollup.${writing} set rollup.writing = 'on'`)
      await migrate(url)
      expect(
        await sql`select proname from pg_proc where 'rollup.writing=on' = any (proconfig)`,
      ).toEqual([])
    }))

  it('says what PostgreSQL said when a migration fails', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      await sql`create table posts (id int)`
      await expect(migrate(url)).rejects.toMatchObject({ code: '42P07' })
    }))
})

describe('migrate, from the rollups of before the deltas', () => {
  /** Everything of `liveALittle`, some of it folded, the rest pending. */
  async function live(database: TestDatabase) {
    await migrateOnly(database.url, 2)
    await database.sql`insert into users (username) values ('folded')`
    await database.sql`select rollup.fold()`
    await liveALittle(database)
  }

  it.each([
    ['of none', 'delete from rollup.watermark'],
    ['of two', "insert into rollup.watermark values ('3')"],
    ['from the future', "update rollup.watermark set xid = '9000000000000'"],
  ])('counts what is pending, whatever the watermark: one %s', (_, damage) =>
    onEmptyDatabase(async (database) => {
      await live(database)
      await database.sql.unsafe(damage)
      await database.sql`insert into posts (author_id) select 1 + i % 20 from generate_series(1, 30) i`
      await migrate(database.url)
      await expectNoDrift(database.url)
      await database.sql`select rollup.fold()`
      await expectNoDrift(database.url)
    }),
  )

  it('counts again what a watermark of another cluster had lost', () =>
    onEmptyDatabase(async (database) => {
      const { url, sql } = database
      await live(database)
      await sql`update rollup.watermark set xid = (pg_current_xact_id()::text::bigint + 200)::text::xid8`
      await sql`insert into posts (author_id) select 1 + i % 20 from generate_series(1, 30) i`
      await sql`do $$ begin for i in 1..400 loop perform pg_current_xact_id(); commit; end loop; end $$`
      await migrate(url)
      await expectNoDrift(url)
    }))

  it('lets writers write on without an error, and misses none of it', () =>
    onEmptyDatabase(async (database) => {
      await live(database)
      const writers = startWriters(database.sql)
      await writers.wrote(10)
      await migrate(database.url)
      await writers.wrote(10)
      expect(await writers.stop()).toEqual([])
      await expectNoDrift(database.url)
      await database.sql`select rollup.fold()`
      await expectNoDrift(database.url)
    }))

  it('counts users and their retention as far as they are folded, and what is pending of them too', () =>
    onEmptyDatabase(async (database) => {
      const { url, sql } = database
      await migrateOnly(url, 8)
      await sql`insert into users (id, username, created_at) select i, 'u' || i, '2020-01-15Z'::timestamptz + i * interval '1 day' from generate_series(1, 60) i`
      await sql`insert into posts (author_id, created_at) select i, '2020-02-01Z'::timestamptz + i * interval '3 days' from generate_series(1, 60) i`
      await sql`select rollup.fold()`
      await sql`update users set deleted_at = now() where id % 5 = 0`
      await sql`update users set created_at = created_at - interval '40 days' where id % 7 = 0`
      await sql`update posts set author_id = 1 + author_id % 60 where author_id % 4 = 0`
      await sql`delete from users where id % 11 = 0`
      await sql`insert into users (id, username) values (11, 'again')`
      await sql`update users set deleted_at = now() where id in (3, 4)`
      await sql`update users set deleted_at = null where id = 3`
      await sql`update users set created_at = created_at + interval '1 second' where id = 8`
      await migrate(url)
      await expectNoDrift(url)
      await sql`select rollup.fold()`
      await expectNoDrift(url)
    }))

  it('leaves a crowd to the folds after it, which cut it into segments', () =>
    onEmptyDatabase(async (database) => {
      const { url, sql } = database
      await live(database)
      await sql`insert into posts (author_id, created_at)
        select 1 + i % 20, '2020-02-02T02:00:00Z'::timestamptz + i * interval '0.1 seconds' from generate_series(1, 5000) i`
      await migrate(url)
      expect(await sql`select from rollup.segments`).toHaveLength(0)
      expect(await sql`select from rollup.undivided`).toHaveLength(1)
      await expectNoDrift(url)
      await sql`select rollup.fold()`
      expect(await sql`select from rollup.undivided`).toHaveLength(0)
      expect(await sql`select n::int from rollup.segments order by created_at`).toEqual(
        Array(5).fill({ n: 1000 }),
      )
      await expectNoDrift(url)
    }))
})

describe('migrate, with others at work', () => {
  const appliedIn = async ({ sql }: TestDatabase) =>
    Number((await sql`select count(*) from drizzle.__drizzle_migrations`)[0]?.count)

  it('lets ten start at once', () =>
    onEmptyDatabase(async (database) => {
      const versions = await Promise.all(Array.from({ length: 10 }, () => migrate(database.url)))
      expect(versions).toEqual(Array(10).fill('current'))
      expect(await appliedIn(database)).toBe(journal.entries.length)
    }))

  it('tells whom it waits for, and ends in a sentence', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      const other = await sql.reserve()
      await other`begin`
      const [held] = await other`select pg_backend_pid() as pid, pg_advisory_xact_lock(${lockKey})`
      const told: string[] = []
      const failed = migrate(url, { turnTimeout: 300, onHeldUp: (text) => told.push(text) })
      const who = `process ${held?.pid} \\(.+\\) since .+ UTC, idle in transaction`
      await expect(failed).rejects.toThrow(
        new RegExp(`^Another migration is at work for longer than 0 s: ${who}.* start again\\.$`),
      )
      expect(told).toEqual([
        expect.stringMatching(new RegExp(`^Waiting for another migration: ${who}\\.$`)),
      ])
      await other`rollback`
      other.release()
      expect(await migrate(url)).toBe('current')
    }))

  it('tells who holds the locks of its tables', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      await migrateOnly(url, 2)
      const writer = await sql.reserve()
      await writer`begin`
      await writer`insert into posts default values`
      const told: string[] = []
      const migrated = migrate(url, { lockTimeout: 50, onHeldUp: (text) => told.push(text) })
      await expect(migrated).rejects.toThrow(/hold them \(process \d+ .+ idle in transaction\)/)
      expect(told).toEqual([
        expect.stringMatching(/^The migration waits for locks of process \d+ .+/),
      ])
      await writer`rollback`
      writer.release()
    }))

  it('is not held up by a session that keeps a lock on an earlier key', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      const leaked = await sql.reserve()
      await leaked`select pg_advisory_lock(4807526976)`
      expect(await migrate(url, { turnTimeout: 0 })).toBe('current')
      leaked.release()
    }))

  it('leaves nothing behind when it is killed at whatever statement, and nobody waits', () =>
    onEmptyDatabase(async (database) => {
      const { url, sql } = database
      const proxy = await startProxy(url)
      for (const delay of [1, 5, 15, 40, 90, 180]) {
        const migrated = migrate(proxy.url).catch(() => 'killed')
        await sql`select pg_sleep(${delay / 1000})`
        proxy.reset()
        if ((await migrated) !== 'killed') break
        const [left] =
          await sql`select to_regnamespace('drizzle') as journal, to_regclass('public.users') as users`
        expect(left).toEqual({ journal: null, users: null })
      }
      await proxy.close()
      expect(await migrate(url)).toBe('current')
      expect(await appliedIn(database)).toBe(journal.entries.length)
    }))

  it('says that a later program has migrated the schema, and leaves it alone', () =>
    onEmptyDatabase(async (database) => {
      const { url, sql } = database
      await migrate(url)
      await sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 4102444800000)`
      expect(await migrate(url)).toBe('newer')
      expect(await migrate(url, { isMigrating: false })).toBe('newer')
      expect(await appliedIn(database)).toBe(journal.entries.length + 1)
    }))

  it.each([
    [1, 'its schema is older than this program'],
    [3, 'its schema is older than this program'],
  ])('refuses a schema of %i migrations where it may not migrate', (count, reason) =>
    onEmptyDatabase(async (database) => {
      const { url } = database
      await migrateOnly(url, count)
      await expect(migrate(url, { isMigrating: false })).rejects.toThrow(
        `${reason}: run "npm run shopboard -- migrate"`,
      )
      expect(await appliedIn(database)).toBe(count)
    }),
  )

  it('refuses an empty database where it may not migrate', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      await expect(migrate(url, { isMigrating: false })).rejects.toThrow('it is not migrated: run')
      expect(await sql`select to_regnamespace('drizzle') as journal`).toEqual([{ journal: null }])
    }))

  it('works where a role or a database has strange settings', () =>
    onEmptyDatabase(async (database) => {
      const { url, sql } = database
      for (const setting of strangeSettings)
        await sql.unsafe(`alter database ${nameOf(url)} set ${setting}`)
      expect(await migrate(url)).toBe('current')
      const tables = await sql`select from pg_tables where schemaname = 'public'`
      expect(tables).toHaveLength(5)
      const [long] =
        await sql`insert into posts (body) values (repeat('S', 350)) returning document::text`
      expect(long).toEqual({ document: `'${'s'.repeat(150)}':2B '${'s'.repeat(200)}':1B` })
      await expectNoDrift(url)
    }))
})

describe('migrate, as a role that may only read the journal', () => {
  const database = useDatabase()
  const reader = useRole(
    database,
    'grant usage on schema drizzle to ROLE; grant select on drizzle.__drizzle_migrations to ROLE',
  )
  const stranger = useRole(database, 'grant usage on schema public to ROLE')

  it('has nothing to do where the schema is up to date', async () => {
    expect(await migrate(reader.url)).toBe('current')
  })

  it('needs the right to read it, and says so', async () => {
    await expect(migrate(stranger.url)).rejects.toThrow(
      `the role ${stranger.name} may not read which migrations were applied: grant usage on schema drizzle to ${stranger.name};`,
    )
  })
})

describe.skipIf(withoutPgBouncer)('migrate, through a transaction pooler', () => {
  it('leaves no lock behind, killed or not, and lets ten start at once', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      const pooler = await startPgBouncer(url)
      try {
        const proxy = await startProxy(pooler.url)
        const killed = migrate(proxy.url).catch(() => 'killed')
        await expect.poll(() => advisoryLocks(sql)).not.toEqual([])
        proxy.reset()
        expect(await killed).toBe('killed')
        await proxy.close()
        const starts = Array.from({ length: 10 }, () => migrate(pooler.url))
        expect(await Promise.all(starts)).toEqual(Array(10).fill('current'))
        expect(await advisoryLocks(sql)).toEqual([])
        expect(await migrate(url, { turnTimeout: 0 })).toBe('current')
      } finally {
        await pooler.stop()
      }
    }))
})
