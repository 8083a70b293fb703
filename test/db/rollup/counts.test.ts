import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Database, Pool } from '../../../src/db/database.ts'
import { countAll, countSince } from '../../../src/db/rollup/counts.ts'
import { type Kind, kindNumber, kinds } from '../../../src/db/rollup/kinds.ts'
import type { FilterSql } from '../../../src/db/rollup/sources.ts'
import { type Placeholders, statement } from '../../../src/db/statement.ts'
import { useDatabase } from '../../support/database.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'

type Asked = { authorId: number | null; at: string }
type Found = { total: number; since: number }

/** Both at once, of everyone's rows or of one author's. */
const counts = (asked: readonly Kind[], ofAuthor: boolean) =>
  statement('counts', { reads: [] }, (_, { authorId, at }: Placeholders<Asked>) => {
    const filter: FilterSql = { kinds: asked, authorId: ofAuthor ? authorId : undefined }
    return sql<Found>`
      select ${countAll(filter)} as total, ${countSince(filter, at)} as since
      where ${authorId}::bigint is null or true`
  })

describe('the counts of the feed', () => {
  const database = useDatabase()
  let pool: Pool
  beforeAll(() => {
    pool = openTestPool(database.url)
  })
  afterAll(() => pool.close())

  const row = fc.record({
    kind: fc.constantFrom('post', 'comment', 'signup', 'session'),
    /** Minutes, close to each other or months away. */
    minute: fc.oneof(fc.nat(40), fc.nat(200_000)),
    author: fc.constantFrom(-1, -2),
    isDeleted: fc.constantFrom(true, false, false),
    isFolded: fc.constantFrom(true, false, false),
  })
  const instantOf = (minute: number) =>
    `${new Date(Date.UTC(2020, 0, 31, 23, 45 + minute)).toISOString().slice(0, -1)}000Z`

  it('are those of the rows themselves, pending or folded', async () => {
    const { sql } = database
    const property = fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 20 }),
      fc.subarray([...kinds], { minLength: 1 }),
      fc.constantFrom(null, -1, -2),
      async (rows, asked, authorId) => {
        await sql`truncate users, posts, comments, sessions cascade`
        for (const id of [-1, -2]) await insertUser(sql, { id, created_at: instantOf(0) })
        await insertPost(sql, { id: -1, deleted_at: instantOf(0) })
        for (const { kind, minute, author, isDeleted, isFolded } of rows) {
          const lifetime = {
            created_at: instantOf(minute),
            deleted_at: isDeleted ? instantOf(minute) : null,
          }
          if (kind === 'post') await insertPost(sql, { author_id: author, ...lifetime })
          if (kind === 'comment')
            await insertComment(sql, { post_id: -1, author_id: author, ...lifetime })
          if (kind === 'signup') await insertUser(sql, lifetime)
          if (kind === 'session') await insertSession(sql, { user_id: author, ...lifetime })
          if (isFolded) await sql`select rollup.fold()`
        }
        const at = instantOf(rows[0]?.minute ?? 0)
        const expected = await instants(asked.map(kindNumber), authorId)
        const found = await read((db) => db.run(counts(asked, authorId !== null), { authorId, at }))

        expect(found).toMatchObject({
          total: expected.length,
          since: expected.filter((instant) => instant >= at).length,
        })
      },
    )
    await fc.assert(property, { numRuns: 30 })
  }, 60_000)

  const read = async (work: (db: Database) => Promise<Found[]>): Promise<Found> => {
    const [found] = await pool.transaction({ access: 'read only' }, work)
    if (!found) throw new Error('no row')
    return found
  }

  /** When the rows were created, from new to old, the plain way. */
  const instants = async (asked: number[], authorId: number | null) =>
    (
      await database.sql<{ at: string }[]>`
        select to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at from (
          select 0 as kind, author_id as owner, created_at, deleted_at from posts
          union all select 1, author_id, created_at, deleted_at from comments
          union all select 2, id, created_at, deleted_at from users
          union all select 3, user_id, created_at, deleted_at from sessions
        ) as rows
        where deleted_at is null and kind = any(${asked}) and (${authorId}::bigint is null or owner = ${authorId})
        order by created_at desc`
    ).map(({ at }) => at)
})
