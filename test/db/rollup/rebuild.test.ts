import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { type Rebuilt, rebuild } from '../../../src/db/rollup/rebuild.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { insertComment, insertPost } from '../../support/factories.ts'
import { plant } from '../../support/plant.ts'
import { openTestPool } from '../../support/pool.ts'
import { perform, quietWrites, truncates, writersOf } from '../../support/writers.ts'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await createTestDatabase()
  pool = openTestPool(database.url)
})
afterAll(async () => {
  await pool.close()
  await database.drop()
})

const drifted = async () => (await verify(pool)).filter(({ drift }) => drift > 0)

/** Every rollup wrong in each way: too many, too few, one that is none. */
const ruin = async () => {
  for (const change of [
    'update rollup.totals set n = n + 3 where kind < 2; delete from rollup.totals where kind = 2',
    'delete from rollup.versions where kind = 1',
    'update rollup.counts set posts = posts + 1; delete from rollup.counts where comments > 0',
    `insert into rollup.user_days values (-1, '2020-02-02', 1, 0, 0)`,
    'update rollup.user_days set comments = comments + 1; delete from rollup.user_days where posts > 0',
    'update rollup.active_users set weekly = weekly + 1; delete from rollup.active_users where daily > 1',
    'update rollup.post_comments set n = n + 1; insert into rollup.post_comments values (-1, 5)',
    `insert into rollup.user_totals values (-1, '2020-02-01', 1, 0)`,
    'update rollup.user_totals set cohort = null, posts = posts + 1; delete from rollup.user_totals where comments > 0',
    `update rollup.retention set n = n + 1; insert into rollup.retention values ('2019-01-01', '2019-02-01', 5)`,
    'delete from rollup.mark',
  ])
    await plant(database.sql, change)
  await database.sql`delete from rollup.deltas where id % 2 = 0`
}

describe('rebuild', () => {
  it('mends every rollup beside writers and folds, whatever drifted', async () => {
    await fc.assert(
      fc.asyncProperty(writersOf([...quietWrites, ...truncates]), async (writers) => {
        const { sql } = database
        await perform(sql, writers)
        await ruin()
        let isWriting = true
        const writing = perform(sql, writers).finally(() => {
          isWriting = false
        })
        do await rebuild(pool, () => {})
        while (isWriting)
        await writing
        expect(await drifted()).toEqual([])
        await sql`select rollup.fold()`
        expect(await drifted()).toEqual([])
      }),
      { numRuns: Number(process.env.ROLLUP_RUNS ?? 8), endOnFailure: true },
    )
  }, 120_000)

  it('tells how many entries it mended, and finds nothing to mend the second time', async () => {
    const { sql } = database
    await sql`truncate users, posts, comments, sessions cascade`
    await insertComment(sql)
    await sql`select rollup.fold()`
    await plant(sql, 'update rollup.totals set n = n + 1 where kind < 2')
    const told = async () => {
      const rebuilt: Rebuilt[] = []
      await rebuild(pool, (one) => rebuilt.push(one))
      return rebuilt.map(({ rollup, mended }) => `${rollup} ${mended}`)
    }
    const others = [
      ...['counts 0', 'user_days 0', 'active_users 0', 'post_comments 0', 'user_totals 0'],
      ...['retention 0', 'deltas 0'],
    ]
    expect(await told()).toEqual(['totals 2', ...others])
    expect(await told()).toEqual(['totals 0', ...others])
  })

  it('leaves crowds to the fold, which cuts them again', async () => {
    const { sql } = database
    const crowded = async () => (await sql`select from rollup.segments`).length
    const post = await insertPost(sql)
    await sql`
      insert into comments (post_id, body, created_at)
      select ${post.id}, '', '2020-02-29T10:20:30Z' from generate_series(1, 9000)`
    await sql`select rollup.fold()`
    expect(await crowded()).toBeGreaterThan(2)
    await plant(sql, 'update rollup.segments set n = n + 1')
    await rebuild(pool, () => {})
    expect(await crowded()).toBe(0)
    expect(await drifted()).toEqual([])
    await sql`select rollup.fold()`
    expect(await crowded()).toBeGreaterThan(2)
    expect(await drifted()).toEqual([])
  })

  it('starts over when a table was truncated after its snapshot', async () => {
    const { sql } = database
    await insertComment(sql)
    const rebuilding = await sql.reserve()
    await rebuilding`begin isolation level repeatable read`
    await rebuilding`select txid_current_snapshot()`
    await sql`truncate comments`
    await expect(rebuilding`select rollup.rebuild('totals')`).rejects.toMatchObject({
      code: '40001',
    })
    await rebuilding`rollback`
    rebuilding.release()
  })

  it('needs one snapshot for all its steps', async () => {
    await expect(database.sql`select rollup.rebuild('totals')`).rejects.toMatchObject({
      code: '0A000',
    })
  })
})
