import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/db/database.ts'
import { startCountingViews, type ViewCounter, writeView } from '../../src/db/views.ts'
import { useDatabase } from '../support/database.ts'
import { insertPost } from '../support/factories.ts'
import { openTestPool } from '../support/pool.ts'

const database = useDatabase()
let pool: Pool
let failures: unknown[]
let lost: number[]
const opened: ViewCounter[] = []
beforeEach(() => {
  pool = openTestPool(database.url)
  failures = []
  lost = []
})
afterEach(async () => {
  for (const counter of opened.splice(0)) await counter.stop()
  await pool.close()
})

/** A server that counts: without `interval` it writes when it stops. */
function server(options: { interval?: number; pool?: Pool } = {}): ViewCounter {
  const counter = startCountingViews({
    pool,
    interval: 3_600_000,
    onFailed: (error) => failures.push(error),
    onLost: (n) => lost.push(n),
    ...options,
  })
  opened.push(counter)
  return counter
}
const viewsOf = async (id: number) => {
  const [row] = await database.sql<{ n: number }[]>`
    select n::int as n from post_views where post_id = ${id}`
  return row?.n
}
const newPost = async () => (await insertPost(database.sql)).id

describe('views', () => {
  it('are written some time after they came', async () => {
    const post = await newPost()
    const { count } = server({ interval: 10 })
    for (let n = 0; n < 5; n++) count(post)
    await expect.poll(() => viewsOf(post)).toBe(5)
    count(post)
    await expect.poll(() => viewsOf(post)).toBe(6)
  })

  it('are written when the server stops', async () => {
    const [one, other] = [await newPost(), await newPost()]
    const { count, stop } = server()
    count(other)
    count(one)
    count(other)
    await stop()
    expect([await viewsOf(one), await viewsOf(other)]).toEqual([1, 2])
  })

  it('are one row of one statement for a post, however many they are', async () => {
    const post = await newPost()
    const names: string[] = []
    const watched = openTestPool(database.url, {
      on: (event) => event.type === 'statement' && names.push(event.name),
    })
    const { count, stop } = server({ pool: watched })
    for (let n = 0; n < 10_000; n++) count(post)
    await stop()
    await watched.close()
    expect(names).toEqual(['add_views'])
    expect(await viewsOf(post)).toBe(10_000)
  })

  it('of what is no post count nothing, and hinder no others', async () => {
    const post = await newPost()
    const { count, stop } = server()
    for (const id of [-1, post, 0, Number.MAX_SAFE_INTEGER]) count(id)
    await stop()
    expect(failures).toEqual([])
    expect(await viewsOf(post)).toBe(1)
    expect(await viewsOf(0)).toBeUndefined()
  })

  it('of a deleted post count: it may come back', async () => {
    const { id } = await insertPost(database.sql, { deleted_at: '2026-01-01' })
    await writeView(pool, id)
    expect(await viewsOf(id)).toBe(1)
  })

  it('go with their post', async () => {
    const post = await newPost()
    await writeView(pool, post)
    await database.sql`delete from posts where id = ${post}`
    expect(await viewsOf(post)).toBeUndefined()
  })

  it('change nothing of their post', async () => {
    const post = await newPost()
    const versionOf = () => database.sql`
      select xmin::text, updated_at::text, (select n from rollup.current_versions where kind = 0) as n
      from posts where id = ${post}`
    const before = await versionOf()
    await writeView(pool, post)
    await writeView(pool, post)
    expect(await versionOf()).toEqual(before)
  })

  it('wait for the next flush where one fails, which is told once', async () => {
    const post = await newPost()
    const { count } = server({ interval: 10 })
    await database.sql`alter table post_views rename to gone`
    count(post)
    await expect.poll(() => failures.length).toBe(1)
    count(post)
    await database.sql`alter table gone rename to post_views`
    await expect.poll(() => viewsOf(post)).toBe(2)
    expect(failures).toHaveLength(1)
    expect(lost).toEqual([])
  })

  it('are kept of so many posts and no more, and those that are not are told', async () => {
    await pool.close()
    const { count, stop } = server()
    for (let id = 1; id <= 100_003; id++) count(id)
    count(1)
    await stop()
    expect(failures).toHaveLength(1)
    expect(lost).toEqual([3, 100_001])
    opened.length = 0
  })

  it('of many posts are written by several servers at once, none lost', async () => {
    const posts = await database.sql<{ id: number }[]>`
      insert into posts (title) select 'p' from generate_series(1, 12000) returning id::int`
    const servers = Array.from({ length: 3 }, () => server())
    for (const { count } of servers) {
      for (const { id } of posts.toSorted(() => Math.random() - 0.5)) count(id)
    }
    await Promise.all(servers.map(({ stop }) => stop()))
    expect(failures).toEqual([])
    const [sum] = await database.sql`
      select sum(n)::int as n, min(n)::int as least from post_views where post_id = any(${posts.map(({ id }) => id)})`
    expect(sum).toEqual({ n: 36_000, least: 3 })
  })
})
