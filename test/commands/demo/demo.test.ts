import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DemoCounts } from '../../../src/commands/demo/counts.ts'
import { demo } from '../../../src/commands/demo/demo.ts'
import { DemoError } from '../../../src/commands/demo/error.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase, useDatabase } from '../../support/database.ts'
import { openTestPool } from '../../support/pool.ts'

const until = new Date('2026-03-01T00:00:00Z')

describe('demo', () => {
  let database: TestDatabase
  let counts: DemoCounts
  const number = async (query: string): Promise<number> => {
    const [row] = await database.sql.unsafe<{ n: string }[]>(query)
    return Number(row?.n)
  }

  beforeAll(async () => {
    database = await createTestDatabase()
    counts = await demo({ databaseUrl: database.url, users: 120, until })
  })
  afterAll(() => database.drop())

  it('makes 10 posts, 50 comments and 10 sessions for each user', async () => {
    expect(counts).toEqual({ users: 120, posts: 1200, comments: 6000, sessions: 1200 })
    for (const [table, rows] of Object.entries(counts)) {
      expect(await number(`select count(*) as n from ${table}`)).toBe(rows)
    }
  })

  it('lives for 1,000 days, in the order of its ids', async () => {
    for (const table of Object.keys(counts)) {
      const [lived] = await database.sql.unsafe(`
        select min(created_at) >= timestamptz '2026-03-01Z' - interval '24000 hours'
          and max(created_at) < '2026-03-01Z' as within,
          max(created_at) > '2026-02-20Z' as lately,
          array_agg(id order by id) = array_agg(id order by created_at, id) as ordered
        from ${table}`)
      expect(lived).toEqual({ within: true, lately: true, ordered: true })
    }
  })

  it('lets nobody act before signing up or after being last seen, nor answer a post not yet written', async () => {
    expect(
      await number(`
        select count(*) as n from (
          select author_id, created_at, created_at as ended_at from posts
          union all select author_id, created_at, created_at from comments
          union all select user_id, created_at, last_seen_at from sessions
        ) as acts (user_id, created_at, ended_at)
        join users u on u.id = user_id
        where acts.created_at < u.created_at or ended_at > u.last_seen_at or ended_at < acts.created_at`),
    ).toBe(0)
    expect(
      await number(`
        select count(*) as n from comments c join posts p on p.id = c.post_id
        where c.created_at < p.created_at`),
    ).toBe(0)
  })

  it('is written by few, mostly in the evening, and grows', async () => {
    const shareOfTenth = await number(`
      select sum(n) / 6000 as n from (
        select count(*) as n from comments group by author_id order by 1 desc limit 12
      ) as loudest`)
    expect(shareOfTenth).toBeGreaterThan(0.35)
    const eveningToNight = await number(`
      select count(*) filter (where hour between 17 and 21)::float8
        / count(*) filter (where hour between 4 and 8) as n
      from (select extract(hour from created_at at time zone 'UTC') as hour from comments) as hours`)
    expect(eveningToNight).toBeGreaterThan(2)
    const laterHalf = await number(`
      select avg((created_at > timestamptz '2026-03-01Z' - interval '12000 hours')::integer) as n from users`)
    expect(laterHalf).toBeGreaterThan(0.6)
  })

  it('is counted exactly by the rollups', async () => {
    const pool = openTestPool(database.url)
    const drift = (await verify(pool)).map((verified) => verified.drift)
    await pool.close()
    expect(drift.every((n) => n === 0)).toBe(true)
  })

  it('leaves the sequences past its ids', async () => {
    const [inserted] = await database.sql<{ id: string }[]>`
      insert into sessions (user_id) values (1) returning id`
    expect(Number(inserted?.id)).toBe(1201)
    await database.sql`delete from sessions where id = 1201`
  })

  it('refuses a database that holds a community, and adds to it when asked', async () => {
    const again = { databaseUrl: database.url, users: 5, until }
    await expect(demo(again)).rejects.toThrow(DemoError)
    expect(await number('select count(*) as n from users')).toBe(120)
    await demo({ ...again, append: true, seed: 2 })
    expect(await number('select count(*) as n from users')).toBe(125)
    expect(await number('select max(id) as n from comments')).toBe(6250)
  })
})

describe('demo on an empty database', () => {
  const database = useDatabase()
  const digest = async () => {
    const [rows] = await database.sql`
      select
        (select md5(string_agg(u::text, '' order by id)) from users u) as users,
        (select md5(string_agg(p::text, '' order by id)) from posts p) as posts,
        (select md5(string_agg(c::text, '' order by id)) from comments c) as comments,
        (select md5(string_agg(s::text, '' order by id)) from sessions s) as sessions`
    return rows
  }
  const remake = async (seed: number) => {
    await database.sql`truncate users, posts, comments, sessions cascade`
    await demo({ databaseUrl: database.url, users: 20, seed, until })
    return digest()
  }

  it('follows from the seed alone', async () => {
    const first = await remake(7)
    expect(await remake(7)).toEqual(first)
    expect(await remake(8)).not.toEqual(first)
  })

  it('leaves nothing behind when interrupted', async () => {
    await database.sql`truncate users, posts, comments, sessions cascade`
    const interruption = new AbortController()
    const interrupted = demo({
      databaseUrl: database.url,
      users: 20,
      signal: interruption.signal,
      onProgress: () => interruption.abort(new Error('Enough.')),
    })
    await expect(interrupted).rejects.toThrow('Enough.')
    const [left] = await database.sql`select exists (select from users) as any`
    expect(left).toEqual({ any: false })
  })

  it('takes a community of one', async () => {
    await database.sql`truncate users, posts, comments, sessions cascade`
    const counts = await demo({ databaseUrl: database.url, users: 1, until })
    expect(counts).toEqual({ users: 1, posts: 10, comments: 50, sessions: 10 })
  })
})
