import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'
import { plant } from '../../support/plant.ts'
import { openTestPool } from '../../support/pool.ts'

let database: TestDatabase
let pool: Pool
beforeEach(async () => {
  database = await createTestDatabase()
  pool = openTestPool(database.url)
  const { sql } = database
  const created_at = '2020-02-29T10:20:30Z'
  const user = await insertUser(sql, { id: 7, created_at })
  const post = await insertPost(sql, { id: 70, author_id: user.id, created_at })
  await insertComment(sql, { post_id: post.id, author_id: user.id, created_at })
  await insertSession(sql, { user_id: user.id, created_at })
  await sql`select rollup.fold()`
})
afterEach(async () => {
  await pool.close()
  await database.drop()
})

const drifts = async () =>
  (await verify(pool)).flatMap(({ rollup, drift, examples }) =>
    drift > 0 ? [{ rollup, drift: Number(drift), examples }] : [],
  )

describe('verify', () => {
  it('compares every rollup and finds no drift where there is none, folded or pending', async () => {
    expect(await verify(pool)).toMatchObject([
      { rollup: 'triggers', entries: 24 },
      { rollup: 'totals', entries: 4 },
      { rollup: 'counts', entries: 12 },
      { rollup: 'user_days', entries: 1 },
      { rollup: 'active_users', entries: 30 },
      { rollup: 'post_comments', entries: 1 },
      { rollup: 'user_totals', entries: 1 },
      { rollup: 'retention', entries: 1 },
      { rollup: 'segments', entries: 0 },
    ])
    await insertComment(database.sql, { post_id: 70, author_id: 7 })
    expect(await drifts()).toEqual([])
  })

  it('names no trigger in a session that finds the rollups by its search path', async () => {
    const url = Object.assign(new URL(database.url), { search: 'search_path=rollup,public' })
    const finding = openTestPool(url.toString())
    expect(await verify(finding)).toContainEqual(
      expect.objectContaining({ rollup: 'triggers', drift: 0 }),
    )
    await finding.close()
  })

  it.each([
    ['totals', 'update rollup.totals set n = 5 where kind = 2', '2: 5, recounted 1'],
    [
      'counts',
      `update rollup.counts set posts = 0 where span = 'quarter'`,
      'posts quarter 2020-02-29 10:15:00+00: nothing, recounted 1',
    ],
    [
      'counts',
      `update rollup.counts set admins = 1 where span = 'month'`,
      'admins month 2020-02-01 00:00:00+00: 1, recounted nothing',
    ],
    [
      'user_days',
      'update rollup.user_days set comments = 3',
      '7 2020-02-29: 1 3 1, recounted 1 1 1',
    ],
    ['user_days', 'delete from rollup.user_days', '7 2020-02-29: nothing, recounted 1 1 1'],
    [
      'active_users',
      `update rollup.active_users set weekly = 2 where day = '2020-03-01'`,
      '2020-03-01: 0 2 1, recounted 0 1 1',
    ],
    [
      'post_comments',
      'update rollup.post_comments set n = 9',
      '70: 9 on a live post, recounted 1 on a live post',
    ],
    [
      'post_comments',
      'update rollup.post_comments set is_live = false',
      '70: 1, recounted 1 on a live post',
    ],
    [
      'user_totals',
      'update rollup.user_totals set cohort = null',
      '7: nobody 1 1, recounted 2020-02-01 1 1',
    ],
    ['retention', 'update rollup.retention set n = 2', '2020-02-01 2020-02-01: 2, recounted 1'],
  ])('finds the drift in %s after: %s', async (rollup, change, example) => {
    await plant(database.sql, change)
    expect(await drifts()).toEqual([{ rollup, drift: 1, examples: [example] }])
  })

  it('finds a pending delta that no row stands for', async () => {
    await plant(
      database.sql,
      `insert into rollup.deltas (kind, n, created_at, id, user_id) values (3, 1, '2020-02-29T10:20:30Z', 9, 8)`,
    )
    expect(await drifts()).toMatchObject([
      { rollup: 'totals', drift: 1, examples: ['3: 2, recounted 1'] },
      { rollup: 'counts', drift: 3 },
      { rollup: 'user_days', drift: 1, examples: ['8 2020-02-29: 0 0 1, recounted nothing'] },
      { rollup: 'active_users', drift: 30 },
    ])
  })

  it('finds a row that was written behind the back of the triggers', async () => {
    await database.sql.begin(async (tx) => {
      await tx`alter table posts disable trigger rollup_delete`
      await tx`alter table posts disable trigger rollup_insert`
      await tx`insert into posts (id, author_id, created_at) values (71, 7, '2020-02-29T10:20:30Z')`
    })
    expect(await drifts()).toMatchObject([
      {
        rollup: 'triggers',
        examples: ['posts rollup_delete is disabled', 'posts rollup_insert is disabled'],
      },
      { rollup: 'totals' },
      { rollup: 'counts' },
      { rollup: 'user_days' },
      { rollup: 'post_comments', examples: ['71: nothing, recounted 0 on a live post'] },
      { rollup: 'user_totals' },
    ])
  })

  it('gives at most three examples', async () => {
    await plant(database.sql, 'update rollup.active_users set daily = daily + 1')
    const [found] = await drifts()
    expect(found).toMatchObject({ rollup: 'active_users', drift: 30 })
    expect(found?.examples).toHaveLength(3)
  })
})
