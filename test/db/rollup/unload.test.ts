import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Bulk, openBulk } from '../../../src/db/bulk/bulk.ts'
import { silenceTriggers } from '../../../src/db/bulk/triggers.ts'
import { deleteEverything, mayDeleteEverything } from '../../../src/db/rollup/unload.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { insertComment, insertSession } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'

let database: TestDatabase
let bulk: Bulk
beforeEach(async () => {
  database = await createTestDatabase()
  bulk = await openBulk(database.url)
})
afterEach(async () => {
  await bulk.close()
  await database.drop()
})

const drifted = async () => {
  const pool = openTestPool(database.url)
  const verified = await verify(pool)
  await pool.close()
  return verified.filter(({ drift }) => drift > 0)
}

describe('deleteEverything', () => {
  it('leaves no row, nothing counted, nothing pending, and triggers as they were made', async () => {
    const { sql } = database
    await insertComment(sql)
    await sql`select rollup.fold()`
    await insertSession(sql)
    await bulk.sql`begin`
    await silenceTriggers(bulk.sql)
    expect(await deleteEverything(bulk.sql)).toEqual({
      users: 1,
      posts: 1,
      comments: 1,
      sessions: 1,
    })
    await bulk.sql`commit`
    expect(await sql`select from users`).toEqual([])
    expect(await sql`select from rollup.deltas`).toHaveLength(0)
    expect(await sql`select sum(n)::integer as n from rollup.totals`).toEqual([{ n: 0 }])
    expect(await drifted()).toEqual([])
    await insertComment(sql)
    expect(await drifted()).toEqual([])
  })

  it('is not for a role that does not own the tables, nor where a table of others refers to them', async () => {
    expect(await mayDeleteEverything(bulk.sql)).toBe(true)
    await database.sql`create table likes (post_id bigint references posts on delete cascade)`
    expect(await mayDeleteEverything(bulk.sql)).toBe(false)
  })
})
