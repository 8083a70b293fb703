import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { type Kind, kinds } from '../../../src/db/rollup/kinds.ts'
import { matchesFilter, ofEverySource, sourcesOf } from '../../../src/db/rollup/sources.ts'
import { type Placeholders, statement } from '../../../src/db/statement.ts'
import { useDatabase } from '../../support/database.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'

const matching = (asked: readonly Kind[], ofAuthor: boolean) =>
  statement('matching', { reads: [] }, (_, { authorId }: Placeholders<{ authorId: number }>) => {
    const filter = { kinds: asked, authorId: ofAuthor ? authorId : undefined }
    return sql<{ kind: string; id: number }>`
      select kind, id from (${ofEverySource(
        filter,
        (source) => sql`select ${sql.raw(`'${source.kind}'`)} as kind, id
          from ${source.table} where ${matchesFilter(source, filter)}`,
        ' union all ',
      )}) as rows where ${authorId}::bigint is not null order by id`
  })

describe('the sources of the feed', () => {
  const database = useDatabase()
  let pool: Pool
  beforeAll(async () => {
    const { sql } = database
    pool = openTestPool(database.url)
    for (const [user, first] of [
      [1, 10],
      [2, 20],
    ] as const) {
      await insertUser(sql, { id: user })
      await insertPost(sql, { id: first, author_id: user })
      await insertComment(sql, { id: first + 1, post_id: first, author_id: user })
      await insertSession(sql, { id: first + 2, user_id: user })
      await insertPost(sql, { id: first + 3, author_id: user, deleted_at: '2020-01-01Z' })
    }
  })
  afterAll(() => pool.close())

  it('are one for each kind, in their order', () => {
    const filter = { kinds: kinds.toReversed(), authorId: undefined }
    expect(sourcesOf(filter).map(({ kind }) => kind)).toEqual(kinds)
  })

  it('give the live rows of the kinds asked for', async () => {
    const rows = await pool.transaction({ access: 'read only' }, (db) =>
      db.run(matching(['post', 'signup'], false), { authorId: 0 }),
    )
    expect(rows.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'signup 1',
      'signup 2',
      'post 10',
      'post 20',
    ])
  })

  it('give the rows of one user alone, the account itself among them', async () => {
    const rows = await pool.transaction({ access: 'read only' }, (db) =>
      db.run(matching(kinds, true), { authorId: 2 }),
    )
    expect(rows.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'signup 2',
      'post 20',
      'comment 21',
      'session 22',
    ])
  })
})
