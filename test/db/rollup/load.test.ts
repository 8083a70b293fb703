import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Bulk, openBulk } from '../../../src/db/bulk/bulk.ts'
import { silenceTriggers } from '../../../src/db/bulk/triggers.ts'
import type { Pool } from '../../../src/db/database.ts'
import { countLoaded, foldLast } from '../../../src/db/rollup/load.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { useDatabase } from '../../support/database.ts'
import { insertPost, insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'

const database = useDatabase()
let bulk: Bulk
let pool: Pool
beforeEach(async () => {
  bulk = await openBulk(database.url)
  pool = openTestPool(database.url)
})
afterEach(async () => {
  await bulk.close()
  await pool.close()
})
const drifted = async () => (await verify(pool)).filter(({ drift }) => drift > 0)

describe('countLoaded', () => {
  /** Posts of `author` with these ids, and a comment on each. */
  async function load(author: number, ids: readonly number[]): Promise<void> {
    const { sql } = bulk
    const own = `id in (${ids.join(', ')})`
    await sql`begin`
    await silenceTriggers(sql)
    for (const id of ids) {
      await sql`insert into posts (id, author_id) values (${id}, ${author})`
      await sql`insert into comments (id, post_id, author_id, body) values (${id}, ${id}, ${author}, '')`
    }
    await countLoaded(sql, {
      sources: [
        ['posts', `public.posts where ${own}`],
        ['comments', `public.comments where ${own}`],
      ],
      ownIds: {
        users: 'select null::bigint as id where false',
        posts: `select id from public.posts where ${own}`,
      },
    })
    await foldLast(sql)
    await sql`commit`
  }

  it('counts each row once, its author known or not', async () => {
    const { id } = await insertUser(database.sql)
    await load(id, [101, 102])
    expect(await drifted()).toEqual([])
  })

  it('leaves to the fold what an id counted in an earlier life', async () => {
    const { sql } = database
    const { id } = await insertUser(sql)
    await load(id, [201])
    await sql`delete from posts where id = 201`
    await load(id, [201])
    expect(await drifted()).toEqual([])
    await sql`delete from posts where id = 201`
    await sql`select rollup.fold()`
    await load(id, [201])
    expect(await drifted()).toEqual([])
  })
})

describe('countLoaded, of users', () => {
  /** A user, who posts in the month of the sign-up and in the one after. */
  async function load(id: number, createdAt: string): Promise<void> {
    const { sql } = bulk
    await sql`begin`
    await silenceTriggers(sql)
    await sql`insert into users (id, username, created_at) values (${id}, 'loaded', ${createdAt})`
    await sql`insert into posts (author_id, created_at) select ${id}, ${createdAt}::timestamptz + i * interval '1 month' from generate_series(0, 1) i`
    await countLoaded(sql, {
      sources: [
        ['users', `public.users where id = ${id}`],
        ['posts', `public.posts where author_id = ${id}`],
      ],
      ownIds: {
        users: `select id from public.users where id = ${id}`,
        posts: `select id from public.posts where author_id = ${id}`,
      },
    })
    await foldLast(sql)
    await sql`commit`
  }

  it('counts each in the month of the sign-up', async () => {
    await load(301, '2020-01-20T00:00:00Z')
    expect(await drifted()).toEqual([])
    expect(
      await database.sql`select n::integer from rollup.retention where cohort = '2020-01-01' order by month`,
    ).toEqual([{ n: 1 }, { n: 1 }])
  })

  it.each(['folded', 'pending'])('leaves to the fold who was there before: %s', async (state) => {
    const { sql } = database
    const id = state === 'folded' ? 302 : 303
    await insertUser(sql, { id, created_at: '2020-05-05T00:00:00Z' })
    if (state === 'folded') await sql`select rollup.fold()`
    await sql`delete from users where id = ${id}`
    await load(id, '2020-01-20T00:00:00Z')
    expect(await drifted()).toEqual([])
    await sql`delete from users where id = ${id}`
    await sql`select rollup.fold()`
    await load(id, '2020-03-20T00:00:00Z')
    expect(await drifted()).toEqual([])
  })
})

describe('foldLast', () => {
  const ownXid = async () => (await bulk.sql`select pg_current_xact_id()::text as xid`)[0]?.xid

  it('leaves nothing of its transaction to look at again', async () => {
    await bulk.sql`begin`
    await bulk.sql`insert into posts default values`
    const xid = await ownXid()
    await foldLast(bulk.sql)
    await bulk.sql`commit`
    const [mark] = await database.sql`
      select seen_below > ${xid}::text::xid8 as "isBehind", ${xid}::text::xid8 = any (except_for) as "isExcepted"
      from rollup.valid_mark`
    expect(mark).toEqual({ isBehind: true, isExcepted: false })
  })

  it('loses nothing of transactions that are under way', async () => {
    const before = await database.sql.reserve()
    const after = await database.sql.reserve()
    await before`begin`
    await insertPost(before)
    await bulk.sql`begin`
    await bulk.sql`insert into posts default values`
    await after`begin`
    await insertPost(after)
    await foldLast(bulk.sql)
    await before`commit`
    await bulk.sql`commit`
    expect(await drifted()).toEqual([])
    await after`commit`
    expect(await drifted()).toEqual([])
    await database.sql`select rollup.fold()`
    expect(await drifted()).toEqual([])
    before.release()
    after.release()
  })

  it('is nobody else’s to call', async () => {
    const [granted] = await database.sql`
      select count(*)::integer as n from pg_proc
      where pronamespace = 'rollup'::regnamespace and (proname like 'load%' or proname = 'fold_last')
        and has_function_privilege('public', oid, 'execute')`
    expect(granted).toEqual({ n: 0 })
  })
})
