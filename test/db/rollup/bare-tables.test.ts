import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verify } from '../../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { openTestPool } from '../../support/pool.ts'

/** One with the triggers, and one without: what the tables alone make writers wait and fail for. */
let counted: TestDatabase
let bare: TestDatabase
beforeAll(async () => {
  counted = await createTestDatabase()
  bare = await createTestDatabase()
  for (const table of ['users', 'posts', 'comments', 'sessions'])
    await bare.sql.unsafe(`alter table ${table} disable trigger user`)
})
afterAll(async () => {
  await counted.drop()
  await bare.drop()
})

const drifted = async () => {
  const pool = openTestPool(counted.url)
  const found = (await verify(pool)).filter(({ drift }) => drift > 0)
  await pool.close()
  return found
}

type Step = {
  readonly who: 0 | 1
  readonly what: keyof typeof statements
  readonly a: number
  readonly b: number
}

/** `a` and `b` are each one of three users, posts or days. */
const statements = {
  post: (a, b) => `insert into posts (author_id, created_at) values (${a}, '2026-01-0${b}')`,
  comment: (a, b) => `insert into comments (post_id, author_id, body) values (${a}, ${b}, '')`,
  session: (a, b) => `insert into sessions (user_id, created_at) values (${a}, '2026-01-0${b}')`,
  signUp: (a, b) => `insert into users (id, username) values (${a * 10 + b}, 'new')`,
  upsert: (a, b) =>
    `insert into sessions (id, user_id) values (${a}, ${b}) on conflict (id) do update set user_id = ${b}`,
  softDelete: (a) => `update posts set deleted_at = now() where id = ${a}`,
  edit: (a) => `update posts set body = 'edited' where id = ${a}`,
  move: (a, b) => `update comments set created_at = '2026-01-0${b}' where post_id = ${a}`,
  handOver: (a, b) => `update posts set author_id = ${b} where id = ${a}`,
  deletePost: (a) => `delete from posts where id = ${a}`,
  deleteUser: (a) => `delete from users where id = ${a}`,
  look: (a) => `select count(*) from posts where author_id = ${a}`,
} satisfies Record<string, (a: number, b: number) => string>

const isolation = fc.constantFrom('read committed', 'repeatable read', 'serializable')
const steps = fc.array(
  fc.record({
    who: fc.constantFrom(0 as const, 1 as const),
    what: fc.constantFrom(...Object.keys(statements).filter((name) => name in statements)),
    a: fc.integer({ min: 1, max: 3 }),
    b: fc.integer({ min: 1, max: 3 }),
  }) as fc.Arbitrary<Step>,
  { minLength: 2, maxLength: 7 },
)

/** Three users with a post, a comment and a session each. */
async function settle({ sql }: TestDatabase) {
  await sql`truncate users, posts, comments, sessions restart identity cascade`
  await sql`insert into users (username) select 'u' from generate_series(1, 3) i`
  await sql`insert into posts (author_id, created_at) select i, '2026-01-01' from generate_series(1, 3) i`
  await sql`insert into comments (post_id, author_id, body) select i, 4 - i, '' from generate_series(1, 3) i`
  await sql`insert into sessions (user_id, created_at) select i, '2026-01-02' from generate_series(1, 3) i`
}

/** What became of each step of two transactions and of their commits; a step that has to wait fails at once. */
async function outcomes({ sql }: TestDatabase, level: string, taken: readonly Step[]) {
  const both = [await sql.reserve(), await sql.reserve()] as const
  const outcome = (who: 0 | 1, statement: string) =>
    both[who].unsafe(statement).then(
      ({ count }) => `${count}`,
      ({ code }: { code: string }) => code,
    )
  for (const one of both) {
    await one.unsafe(`begin isolation level ${level}; set local lock_timeout = '10ms'`)
    await one`select`
  }
  const found = []
  for (const { who, what, a, b } of taken) found.push(await outcome(who, statements[what](a, b)))
  for (const who of [0, 1] as const) found.push(await outcome(who, 'commit'))
  for (const one of both) one.release()
  return found
}

describe('two writers', () => {
  it('wait and fail where the tables alone would make them, at any isolation level, and nowhere else', async () => {
    await fc.assert(
      fc.asyncProperty(isolation, steps, async (level, taken) => {
        await Promise.all([counted, bare].map(settle))
        await counted.sql`select rollup.fold()`
        expect(await outcomes(counted, level, taken)).toEqual(await outcomes(bare, level, taken))
        expect(await drifted()).toEqual([])
      }),
      { numRuns: Number(process.env.ROLLUP_RUNS ?? 20), endOnFailure: true },
    )
  }, 120_000)
})
