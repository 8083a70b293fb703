import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from '../../src/db/database.ts'
import { seedDemo } from '../../src/server/seed-demo.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { insertUser } from '../support/factories.ts'
import { openTestPool } from '../support/pool.ts'

let database: TestDatabase
let pool: Pool
beforeEach(async () => {
  database = await createTestDatabase()
  pool = openTestPool(database.url)
})
afterEach(async () => {
  await pool.close()
  await database.drop()
})

const seed = (signal = new AbortController().signal) =>
  seedDemo({ databaseUrl: database.url, pool, signal })
const users = async () => {
  const [row] = await database.sql<{ n: number }[]>`select count(*)::int as n from users`
  return row?.n
}

describe('seedDemo', () => {
  it('fills an empty database, and says with what', async () => {
    expect(await seed()).toMatch(/^A demo community moved in: 300 users, \d+ posts, \d+ comments/)
    expect(await users()).toBe(300)
  })

  it('leaves a database alone that holds anything', async () => {
    await insertUser(database.sql)
    expect(await seed()).toBeUndefined()
    expect(await users()).toBe(1)
  })

  it('leaves a database alone that once held something', async () => {
    await insertUser(database.sql)
    await database.sql`delete from users`
    expect(await seed()).toBeUndefined()
  })

  it('fills it once when two servers start at the same time', async () => {
    const seeded = await Promise.all([seed(), seed()])
    expect(seeded.filter(Boolean)).toHaveLength(1)
    expect(await users()).toBe(300)
  })

  it('leaves nothing behind when it is interrupted', async () => {
    await expect(seed(AbortSignal.abort())).rejects.toThrow()
    expect(await users()).toBe(0)
  })
})
