import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { rebuild } from '../../../src/db/rollup/rebuild.ts'
import { verify } from '../../../src/db/rollup/verify.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { openTestPool } from '../../support/pool.ts'
import { enableTriggers } from '../../support/triggers.ts'

let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await createTestDatabase()
  pool = openTestPool(database.url)
  const { sql } = database
  await sql`insert into users (id, username) select i, 'u' || i from generate_series(1, 10) i`
  await sql`insert into posts (id, author_id) select i, i from generate_series(1, 10) i`
  await sql`insert into comments (id, post_id, author_id, body) select i, i, 3 - i, '' from generate_series(1, 2) i`
  await sql`select setval('posts_id_seq', 1000), setval('comments_id_seq', 1000)`
})
afterAll(async () => {
  await pool.close()
  await database.drop()
})

const post = (user: number, day = '2026-01-01') =>
  `insert into posts (author_id, created_at) values (${user}, '${day}')`
const comment = (user: number, day = '2026-01-01') =>
  `insert into comments (post_id, author_id, body, created_at) values (5, ${user}, '', '${day}')`
const session = (user: number, day = '2026-01-01') =>
  `insert into sessions (user_id, created_at) values (${user}, '${day}')`

const drifted = async () => (await verify(pool)).filter(({ drift }) => drift > 0)

/** Runs the statements of two transactions in the order given; none may wait for the other. */
async function interleaved(steps: readonly (readonly [who: 0 | 1, statement: string])[]) {
  const both = [await database.sql.reserve(), await database.sql.reserve()] as const
  for (const one of both) await one`begin isolation level repeatable read`
  for (const one of both) await one`set local lock_timeout = '10ms'`
  for (const one of both) await one`select`
  for (const [who, statement] of steps) await both[who].unsafe(statement)
  for (const one of both) {
    await one`commit`
    one.release()
  }
}

describe('writers', () => {
  it.each([
    [
      'two users in opposite order',
      [
        [0, post(1)],
        [1, post(2)],
        [0, post(2)],
        [1, post(1)],
      ],
    ],
    [
      'one user over two days',
      [
        [0, post(1)],
        [1, post(1, '2026-01-02')],
        [0, post(1, '2026-01-02')],
      ],
    ],
    [
      'two users across tables',
      [
        [0, post(1)],
        [1, session(2)],
        [0, comment(2)],
        [1, comment(1)],
      ],
    ],
    [
      'a comment and a post of one user and new day',
      [
        [0, comment(6, '2026-03-01')],
        [1, post(6, '2026-03-01')],
      ],
    ],
    [
      'other days of one user',
      [
        [0, comment(7, '2026-03-01')],
        [1, post(7, '2026-03-02')],
      ],
    ],
    [
      'a soft delete and a post of one user',
      [
        [0, 'update posts set deleted_at = now() where id = 4'],
        [1, post(4)],
      ],
    ],
    [
      'a post deleted with a comment of another who logs in',
      [
        [0, 'delete from posts where id = 1'],
        [1, session(2)],
      ],
    ],
  ] as const)('do not wait for each other: %s', async (_, steps) => {
    await interleaved(steps)
    expect(await drifted()).toEqual([])
    await interleaved(steps.filter(([, statement]) => statement.startsWith('insert')))
    await database.sql`select rollup.fold()`
    expect(await drifted()).toEqual([])
  })

  it.each(['read committed', 'repeatable read', 'serializable'])(
    'of ten hot users fail at %s no more than without triggers: never',
    async (isolation) => {
      const { sql } = database
      expect(await failuresOf(isolation)).toEqual([])
      expect(await drifted()).toEqual([])
      await sql`alter table posts disable trigger user`
      await sql`alter table sessions disable trigger user`
      expect(await failuresOf(isolation)).toEqual([])
      await enableTriggers(sql, 'posts', 'sessions')
      await rebuild(pool, () => {})
    },
  )
})

/** What failed of 8 clients' transactions, each for two of ten users; a ninth folds. */
async function failuresOf(isolation: string): Promise<unknown[]> {
  const failures: unknown[] = []
  const writers = postgres(database.url, { max: 8, onnotice: () => {} })
  let isWriting = true
  const folding = (async () => {
    while (isWriting) await database.sql`select rollup.fold()`
  })()
  await Promise.all(
    Array.from({ length: 200 }, (_, n) =>
      writers
        .begin(`isolation level ${isolation}`, async (tx) => {
          await tx.unsafe(post(1 + (n % 10)))
          await tx.unsafe(session(1 + ((n * 7 + 3) % 10)))
          await tx.unsafe(comment(1 + ((n * 3) % 10)))
        })
        .catch((error) => failures.push(error)),
    ),
  )
  isWriting = false
  await folding
  await writers.end()
  return failures
}
