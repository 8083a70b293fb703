import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { clearDemo } from '../../../src/commands/demo/clear.ts'
import { demo } from '../../../src/commands/demo/demo.ts'
import type { Pool } from '../../../src/db/database.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { useDatabase } from '../../support/database.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'

const until = new Date('2026-03-01T00:00:00Z')
const database = useDatabase()
let pool: Pool
beforeAll(() => {
  pool = openTestPool(database.url)
})
afterAll(() => pool.close())
beforeEach(() => database.sql`truncate users, posts, comments, sessions restart identity cascade`)

const clear = (options = {}) => clearDemo({ databaseUrl: database.url, ...options })
const generate = (options = {}) => demo({ databaseUrl: database.url, users: 20, until, ...options })
const drifted = async () => (await verify(pool)).filter(({ drift }) => drift > 0)
const counts = async () => {
  const [row] = await database.sql`
    select (select count(*)::integer from users) as users, (select count(*)::integer from posts) as posts,
      (select count(*)::integer from comments) as comments, (select count(*)::integer from sessions) as sessions`
  return row
}
const remembered = () =>
  database.sql`select seed::integer, users::text from rollup.demo order by id`

/** What `demo` makes of 20 users. */
const whole = { users: 20, posts: 200, comments: 1000, sessions: 200 }
const none = { users: 0, posts: 0, comments: 0, sessions: 0 }

describe('clearDemo', () => {
  it('removes the whole community, says its rows, and forgets it', async () => {
    await generate({ seed: 7 })
    expect(await remembered()).toEqual([{ seed: 7, users: '[1,21)' }])
    expect(await clear()).toEqual(whole)
    expect(await counts()).toEqual(none)
    expect(await remembered()).toEqual([])
    expect(await drifted()).toEqual([])
    expect(await clear()).toBeUndefined()
  })

  it('moves the versions, so that nothing cached of it stays', async () => {
    await generate()
    const versions = () =>
      database.sql<{ n: string }[]>`select n::text from rollup.current_versions order by kind`
    const before = await versions()
    await clear()
    for (const [at, { n }] of (await versions()).entries())
      expect(Number(n)).toBeGreaterThan(Number(before[at]?.n))
  })

  it('removes several, and leaves the rows of others', async () => {
    const { id } = await insertUser(database.sql)
    await insertPost(database.sql, { author_id: id })
    await generate({ append: true })
    await generate({ append: true, seed: 2 })
    await insertUser(database.sql)
    expect(await clear()).toEqual({ users: 40, posts: 400, comments: 2000, sessions: 400 })
    expect(await counts()).toEqual({ ...none, users: 2, posts: 1 })
    expect(await drifted()).toEqual([])
  })

  it('refuses while other people’s rows hang on it, with their numbers', async () => {
    await generate()
    const { id } = await insertUser(database.sql)
    await insertComment(database.sql, { post_id: 1, author_id: id })
    await insertPost(database.sql, { author_id: 3 })
    await insertSession(database.sql, { user_id: 3 })
    await expect(clear()).rejects.toThrow(
      "Other people's rows hang on the demo community: 1 comment on its posts and 1 session of its users would go with it, 1 post or comment lose the author.",
    )
    expect(await counts()).toEqual({ users: 21, posts: 201, comments: 1001, sessions: 201 })
    expect(await clear({ force: true })).toEqual(whole)
    expect(await counts()).toEqual({ ...none, users: 1, posts: 1 })
    expect(await drifted()).toEqual([])
  })

  it('takes no row for its own that bears its ids and other texts', async () => {
    await generate()
    await database.sql`truncate users, posts, comments, sessions restart identity cascade`
    await database.sql`insert into users (id, username, created_at) select i, 'Ann', '2024-01-01' from generate_series(1, 20) as i`
    await database.sql`insert into sessions (id, user_id, created_at) select i, i, '2024-01-01' from generate_series(1, 20) as i`
    expect(await clear()).toBeUndefined()
    expect(await counts()).toEqual({ ...none, users: 20, sessions: 20 })
    expect(await remembered()).toEqual([])
  })

  it('keeps what somebody rewrote', async () => {
    await generate()
    await database.sql`update comments set body = 'Mine now', author_id = null where id = 5`
    await expect(clear()).rejects.toThrow('1 comment on its posts')
    await database.sql`delete from comments where id = 5`
    await database.sql`delete from sessions where user_id in (1, 2)`
    await database.sql`update users set username = 'Ann' where id = 1`
    await database.sql`update users set email = 'ben@example.org' where id = 2`
    await database.sql`update posts set body = 'Mine now', author_id = 1 where id = 7`
    await database.sql`delete from comments where post_id = 7`
    const notes: string[] = []
    expect(await clear({ note: (text: string) => notes.push(text) })).toMatchObject({
      users: 18,
      posts: 199,
    })
    expect(notes).toEqual([
      'Left under the ids of the demo, as somebody wrote or rewrote them: 3 rows.',
    ])
    expect(await database.sql`select id::integer, email from users order by id`).toEqual([
      { id: 1, email: expect.any(String) },
      { id: 2, email: 'ben@example.org' },
    ])
    expect(await database.sql`select id::integer, body from posts`).toEqual([
      { id: 7, body: 'Mine now' },
    ])
    expect(await drifted()).toEqual([])
  })

  it('sees what was written while it waited, whatever isolation is the default', async () => {
    await generate()
    const strict = `${database.url}?options=-c%20default_transaction_isolation=serializable`
    const holder = await database.sql.reserve()
    await holder`begin`
    await holder`insert into comments (post_id, author_id, body) values (1, 1, 'Real')`
    const notes: string[] = []
    const clearing = expect(
      clear({ databaseUrl: strict, note: (text: string) => notes.push(text) }),
    ).rejects.toThrow('1 comment on its posts')
    await expect.poll(() => notes).toHaveLength(1)
    await holder`commit`
    holder.release()
    await clearing
    expect(await counts()).toEqual({ ...whole, comments: 1001 })
  })

  it('says for whom it waits', async () => {
    await generate()
    const holder = await database.sql.reserve()
    await holder`begin`
    await holder`update users set username = 'Ann' where id = 1`
    const notes: string[] = []
    const clearing = clear({ note: (text: string) => notes.push(text) })
    await expect
      .poll(() => notes)
      .toEqual([
        expect.stringMatching(/^Waiting for others to end their transactions: process \d+ .*\.$/),
      ])
    await holder`rollback`
    holder.release()
    expect(await clearing).toEqual(whole)
  })

  it('leaves nothing half done when its session ends', async () => {
    await generate()
    const holder = await database.sql.reserve()
    await holder`begin`
    await holder`lock table rollup.counts in share mode`
    const clearing = expect(clear()).rejects.toThrow('The connection to the database was lost')
    await expect
      .poll(
        () =>
          database.sql`select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and application_name = 'shopboard bulk' and wait_event_type = 'Lock'`,
      )
      .toHaveLength(1)
    await clearing
    await holder`rollback`
    holder.release()
    expect(await counts()).toEqual(whole)
    expect(await drifted()).toEqual([])
    expect(await clear()).toEqual(whole)
  })
})
