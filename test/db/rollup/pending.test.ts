import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'

type Explained = [
  {
    'QUERY PLAN': [{ Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }]
  },
]

let database: TestDatabase
let other: TestDatabase
beforeAll(async () => {
  other = await createTestDatabase()
})
afterAll(() => other.drop())
beforeEach(async () => {
  database = await createTestDatabase()
  await database.sql`insert into users (id, username) select i, 'u' || i from generate_series(1, 1000) i`
})
afterEach(() => database.drop())

const writeSessions = () => database.sql`
  insert into sessions (user_id, created_at)
  select 1 + i % 1000, now() - i % 30 * interval '1 day' from generate_series(1, 20000) i`
const writeSession = () => database.sql`insert into sessions (user_id) values (7)`
const fold = async () => Number((await database.sql`select rollup.fold() as n`)[0]?.n)

/** 8 kB pages that a read of what is pending touches, run the way a server's connection runs it. */
async function pagesOf(view: string): Promise<number> {
  const one = await database.sql.reserve()
  try {
    await one.unsafe(
      'set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set jit = off',
    )
    const [row] = await one.unsafe<Explained>(
      `explain (analyze, buffers, timing off, format json) select * from rollup.${view}`,
    )
    const { Plan } = row['QUERY PLAN'][0]
    return Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks']
  } finally {
    await one.unsafe('reset all')
    one.release()
  }
}

const views = ['pending', 'pending_counts', 'pending_user_days', 'pending_active']
async function expectNothingWalked() {
  for (const view of views) expect(await pagesOf(view), view).toBeLessThan(30)
}

describe('what is pending', () => {
  it.each(['the same database', 'another one'])(
    'is read without what is folded while a transaction in %s stays open and keeps vacuum from it',
    async (where) => {
      const idle = await (where === 'another one' ? other : database).sql.reserve()
      await idle`begin`
      await idle`insert into users (id, username) values (-1, 'idle')`
      for (let round = 0; round < 3; round++) {
        await writeSessions()
        await database.sql`analyze rollup.deltas`
        expect(await fold()).toBeGreaterThan(0)
      }
      await database.sql`vacuum rollup.deltas`
      await expectNothingWalked()
      await writeSession()
      await expectNothingWalked()
      await idle`commit`
      idle.release()
      expect(await fold()).toBe(where === 'another one' ? 1 : 2)
      await expectNothingWalked()
    },
  )

  it('is read without what a bulk transaction folded itself, once another fold came by', async () => {
    await fold()
    await database.sql.begin(async (tx) => {
      await tx`insert into sessions (user_id) select 1 + i % 1000 from generate_series(1, 20000) i`
      await tx`select rollup.fold()`
    })
    expect(await fold()).toBe(0)
    await expectNothingWalked()
  })

  it('is read without what was rolled back, once a fold came by', async () => {
    await fold()
    await database.sql
      .begin(async (tx) => {
        await tx`insert into sessions (user_id) select 1 + i % 1000 from generate_series(1, 20000) i`
        throw new Error('rolled back')
      })
      .catch(() => {})
    expect(await fold()).toBe(0)
    await expectNothingWalked()
  })
})

describe('a fold', () => {
  it('that finds nothing writes nothing', async () => {
    await writeSession()
    await fold()
    await fold()
    const id = await database.sql.begin(async (tx) => {
      await tx`select rollup.fold()`
      return (await tx`select pg_current_xact_id_if_assigned() as id`)[0]?.id
    })
    expect(id).toBeNull()
  })
})
