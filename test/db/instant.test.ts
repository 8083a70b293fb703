import { eq, max } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/db/database.ts'
import { rfc3339, rfc3339Of } from '../../src/db/instant.ts'
import { posts, sessions, users } from '../../src/db/schema.ts'
import { type Placeholders, statement } from '../../src/db/statement.ts'
import { useDatabase } from '../support/database.ts'
import { openTestPool } from '../support/pool.ts'

describe('rfc3339Of', () => {
  it.each([
    ['2020-05-31 01:40:47.307+00', '2020-05-31T01:40:47.307000Z'],
    ['2020-05-31 01:40:47+00', '2020-05-31T01:40:47.000000Z'],
    ['2020-05-31 01:40:47.000001+00', '2020-05-31T01:40:47.000001Z'],
    ['2020-05-31 01:40:47.5+00', '2020-05-31T01:40:47.500000Z'],
    ['0001-01-01 00:00:00+00', '0001-01-01T00:00:00.000000Z'],
    ['9999-12-31 23:59:59.999999+00', '9999-12-31T23:59:59.999999Z'],
  ])('writes %s as %s', (text, expected) => {
    expect(rfc3339Of(text)).toBe(expected)
  })

  it.each([
    ['infinity', '9999-12-31T23:59:59.999999Z'],
    ['10000-01-01 00:00:00+00', '9999-12-31T23:59:59.999999Z'],
    ['294276-12-31 23:59:59.999999+00', '9999-12-31T23:59:59.999999Z'],
    ['-infinity', '0001-01-01T00:00:00.000000Z'],
    ['0001-12-31 23:59:59.999999+00 BC', '0001-01-01T00:00:00.000000Z'],
    ['4714-11-24 00:00:00+00 BC', '0001-01-01T00:00:00.000000Z'],
  ])('writes the nearest instant that RFC 3339 can write for %s', (text, expected) => {
    expect(rfc3339Of(text)).toBe(expected)
  })

  it.each(['2020-05-31 01:40:47+02', '31.05.2020 01:40:47 UTC', ''])(
    'refuses %s, which comes from a session of other settings',
    (text) => {
      expect(() => rfc3339Of(text)).toThrow(RangeError)
    },
  )
})

describe('an instant of a builder', () => {
  const database = useDatabase()
  let pool: Pool
  beforeAll(async () => {
    const { sql, url } = database
    // what a session would say by default, were it not told otherwise
    await sql.unsafe(
      `alter database ${new URL(url).pathname.slice(1)} set datestyle = 'German'; alter database ${new URL(url).pathname.slice(1)} set timezone = 'Asia/Kolkata'`,
    )
    await sql`insert into users (id, username, created_at) values (1, 'ada', '2020-05-31T01:40:47.307Z')`
    pool = openTestPool(url)
  })
  afterAll(() => pool.close())

  it('is selected as RFC 3339, also nested, aggregated and beside a null', async () => {
    const selected = statement('selected', { reads: ['users'] }, (db) =>
      db
        .select({ user: { createdAt: users.createdAt, deletedAt: users.deletedAt } })
        .from(users)
        .where(eq(users.id, 1)),
    )
    const latest = statement('latest', { reads: ['users'] }, (db) =>
      db
        .select({ latest: max(users.createdAt) })
        .from(users)
        .where(eq(users.id, 1)),
    )
    const joined = statement('joined', { reads: ['users', 'posts'] }, (db) =>
      db
        .select({ createdAt: users.createdAt, posted: posts.createdAt })
        .from(users)
        .leftJoin(posts, eq(posts.authorId, users.id))
        .where(eq(users.id, 1)),
    )
    const createdAt = '2020-05-31T01:40:47.307000Z'
    const found = await pool.transaction({ access: 'read only' }, async (db) => [
      ...(await db.run(selected)),
      ...(await db.run(latest)),
      ...(await db.run(joined)),
    ])
    expect(found).toEqual([
      { user: { createdAt, deletedAt: null } },
      { latest: createdAt },
      { createdAt, posted: null },
    ])
  })

  it('comes back from a write as it was given, to the microsecond, and by default', async () => {
    const add = statement(
      'add',
      { reads: [] },
      (db, placeholders: Placeholders<{ createdAt: string }>) =>
        db
          .insert(sessions)
          .values({ userId: 1, createdAt: placeholders.createdAt })
          .returning({ createdAt: sessions.createdAt, seen: sessions.lastSeenAt }),
    )
    const createdAt = '0001-01-01T00:00:00.000001Z'
    const rows = await pool.transaction({ access: 'read write' }, (db) =>
      db.run(add, { createdAt }),
    )
    expect(rows).toEqual([{ createdAt, seen: expect.stringMatching(/^\d{4}-.*T.*\.\d{6}Z$/) }])
  })

  it('is the nearest that can be written where the row is older than the checks', async () => {
    const { sql } = database
    await sql`alter table posts drop constraint posts_updated_at_range, drop constraint posts_deleted_at_range`
    await sql`insert into posts (id, updated_at, deleted_at) values (1, 'infinity', '200000-01-01'), (2, '-infinity', '0044-03-15 BC')`
    const outlying = statement('outlying', { reads: ['posts'] }, (db) =>
      db
        .select({ updatedAt: posts.updatedAt, deletedAt: posts.deletedAt })
        .from(posts)
        .orderBy(posts.id),
    )
    const last = '9999-12-31T23:59:59.999999Z'
    const first = '0001-01-01T00:00:00.000000Z'
    expect(await pool.transaction({ access: 'read only' }, (db) => db.run(outlying))).toEqual([
      { updatedAt: last, deletedAt: last },
      { updatedAt: first, deletedAt: first },
    ])
  })

  it('is the same as where the SQL writes the answer', async () => {
    const both = statement('both', { reads: ['users'] }, (db) =>
      db.select({ mapped: users.updatedAt, written: rfc3339(users.updatedAt) }).from(users),
    )
    const rows = await pool.transaction({ access: 'read only' }, (db) => db.run(both))
    for (const { mapped, written } of rows) expect(mapped).toBe(written)
    expect(rows).toHaveLength(1)
  })
})
