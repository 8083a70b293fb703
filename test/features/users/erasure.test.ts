import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { eraseUser } from '../../../src/features/users/erasure.ts'
import { useDatabase } from '../../support/database.ts'
import { insertUser } from '../../support/factories.ts'
import { settings } from '../../support/jobs.ts'
import { openTestPool } from '../../support/pool.ts'

const database = useDatabase()
let pool: Pool
beforeAll(() => {
  pool = openTestPool(database.url, { size: 8 })
})
afterAll(() => pool.close())

/** An erased user with some rows of each table, a few of them deleted, and what the audit log says of them. */
async function erased(rows = 300): Promise<number> {
  const { sql } = database
  const { id } = await insertUser(sql, { username: 'erased', deleted_at: '2026-01-01' })
  await sql`update users set erased_at = now() where id = ${id}`
  await sql`
    insert into posts (author_id, created_at, deleted_at)
    select ${id}, now() - i * interval '1 hour', case when i % 7 = 0 then now() end from generate_series(1, ${rows}::int) i`
  await sql`
    insert into comments (post_id, author_id, body, created_at, deleted_at)
    select id, author_id, 'body', created_at, deleted_at from posts where author_id = ${id}`
  await sql`insert into sessions (user_id) select ${id} from generate_series(1, ${rows}::int)`
  await sql`
    insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new)
    select now() - i * interval '1 day', 'key:1', 'update', 'users', ${id}, '{"username": "Ada"}', '{"username": "Bea"}'
    from generate_series(1, ${rows}::int) i`
  for (const [table, owner] of [
    ['posts', 'author_id'],
    ['comments', 'author_id'],
    ['sessions', 'user_id'],
  ] as const) {
    await sql`
      insert into shopboard.audit_log (actor, action, table_name, row_id, new)
      select 'key:1', 'create', ${table}, id, jsonb_build_object(${owner === 'user_id' ? 'userId' : 'authorId'}::text, ${id}::bigint, 'body', 'body')
      from ${sql(table)} where ${sql(owner)} = ${id}`
  }
  return id
}

const run = (userId: number, signal = new AbortController().signal, progress = () => {}) =>
  eraseUser.work({ id: 1, params: { userId }, settings, pool, signal, progress })

async function leftOf(id: number) {
  const [left] = await database.sql`
    select (select count(*)::int from users where id = ${id}) as users,
      (select count(*)::int from posts where author_id = ${id}) as posts,
      (select count(*)::int from comments where author_id = ${id}) as comments,
      (select count(*)::int from sessions where user_id = ${id}) as sessions,
      (
        select count(*)::int from shopboard.audit_log
        where new ->> 'authorId' = ${id}::text or new ->> 'userId' = ${id}::text
          or (table_name = 'users' and row_id = ${id} and (old is not null or new is not null))
      ) as named`
  return left
}
const nothing = { users: 0, posts: 0, comments: 0, sessions: 0, named: 0 }
const drifted = async () => (await verify(pool)).filter(({ drift }) => drift > 0)

describe('the job erase_user', () => {
  it('leaves texts without an author, no session, no account and no word of it in the audit log', async () => {
    const id = await erased()
    const [before] = await database.sql`select count(*)::int as n from posts`
    expect(await run(id)).toEqual({ rows: 900 })
    expect(await leftOf(id)).toEqual(nothing)
    const [after] = await database.sql`select count(*)::int as n from posts`
    expect(after).toEqual(before)
    const [log] = await database.sql`
      select count(*)::int as n from shopboard.audit_log where new = '{"body": "body"}'`
    expect(log).toEqual({ n: 600 })
    expect(await drifted()).toEqual([])
  })

  it('that ended midway is completed by its next run', async () => {
    const id = await erased()
    const stopping = new AbortController()
    await expect(run(id, stopping.signal, () => stopping.abort())).rejects.toThrow()
    const left = await leftOf(id)
    expect(left).toMatchObject({ users: 1, posts: 300 })
    expect(left?.sessions).toBeLessThan(300)
    expect(await drifted()).toEqual([])
    await run(id)
    expect(await leftOf(id)).toEqual(nothing)
    expect(await drifted()).toEqual([])
  })

  it('passes over what another has locked, and comes back for it', async () => {
    const id = await erased()
    const { sql } = database
    const locker = await sql.reserve()
    await locker`begin`
    await locker`
      update comments set body = 'mine' where id in (select min(id) from comments where author_id = ${id})`
    await locker`
      select from posts where id in (select min(id) from posts where author_id = ${id}) for update`
    const running = run(id)
    await expect.poll(() => leftOf(id)).toMatchObject({ comments: 1, posts: 1, sessions: 0 })
    await locker`commit`
    locker.release()
    expect(await running).toEqual({ rows: 900 })
    expect(await leftOf(id)).toEqual(nothing)
  })

  it('waits for nobody and keeps nobody waiting, while others write to the same rows', async () => {
    const id = await erased(600)
    const { sql } = database
    const isOver = run(id).then(() => true)
    const rows = await sql<{ id: number }[]>`select id::int from comments where author_id = ${id}`
    const write = async (n: number) => {
      for (let at = n; !(await Promise.race([isOver, false])); at += 5) {
        const row = rows[at % rows.length]?.id ?? 0
        await sql`
          update comments set deleted_at = case when deleted_at is null then now() end where id = ${row}`
        await sql`
          update posts set body = 'edited' where id = (select post_id from comments where id = ${row})`
      }
    }
    await Promise.all([write(0), write(1), write(2)])
    expect(await isOver).toBe(true)
    expect(await leftOf(id)).toEqual(nothing)
    expect(await drifted()).toEqual([])
  })

  it('may be done by two at once', async () => {
    const id = await erased()
    const ran = await Promise.all([run(id), run(id)])
    expect(ran.reduce((sum, { rows }) => sum + rows, 0)).toBe(900)
    expect(await leftOf(id)).toEqual(nothing)
    expect(await drifted()).toEqual([])
  })

  it('does nothing to whoever is not erased, nor to nobody', async () => {
    const id = await erased()
    await database.sql`update users set erased_at = null where id = ${id}`
    expect(await run(id)).toEqual({ rows: 0 })
    expect(await run(-1)).toEqual({ rows: 0 })
    expect(await leftOf(id)).toMatchObject({ users: 1, posts: 300, comments: 300, named: 1200 })
  })
})
