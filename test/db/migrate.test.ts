import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as applyMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { verify } from '../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openTestPool } from '../support/pool.ts'

const folder = join(import.meta.dirname, '../../drizzle')
type Journal = { entries: { tag: string }[] }
const journal = JSON.parse(await readFile(join(folder, 'meta/_journal.json'), 'utf8')) as Journal

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

/** A little of everything: authorless, deleted, orphaned of its account, several of a day. */
async function liveALittle({ sql }: TestDatabase) {
  await sql`insert into users (username, created_at) select 'user ' || i, '2020-01-01'::timestamptz + i * interval '5 hours' from generate_series(1, 20) i`
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

  it('says what PostgreSQL said when a migration fails', () =>
    onEmptyDatabase(async ({ url, sql }) => {
      await sql`create table posts (id int)`
      await expect(migrate(url)).rejects.toMatchObject({ code: '42P07' })
    }))
})
