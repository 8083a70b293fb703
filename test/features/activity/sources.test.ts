import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pool } from '../../../src/db/database.ts'
import { kindNumber, kinds } from '../../../src/db/rollup/kinds.ts'
import { type Placeholders, statement } from '../../../src/db/statement.ts'
import { matchesFilter, ofEverySource, sources } from '../../../src/features/activity/sources.ts'
import { useDatabase } from '../../support/database.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../../support/factories.ts'
import { openTestPool } from '../../support/pool.ts'

type Asked = { kinds: number[]; authorId: number }

const matching = (ofAuthor: boolean) =>
  statement('matching', { reads: [] }, (_, asked: Placeholders<Asked>) => {
    const filter = { kinds: asked.kinds, authorId: ofAuthor ? asked.authorId : undefined }
    return sql<{ kind: string; id: number }>`
      select kind, id from (${ofEverySource(
        (source) => sql`select ${sql.raw(`'${source.kind}'`)} as kind, id
          from ${source.table} where ${matchesFilter(source, filter)}`,
        ' union all ',
      )}) as rows where ${asked.authorId}::bigint is not null order by id`
  })
const everyones = matching(false)
const authors = matching(true)

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
    expect(sources.map(({ kind }) => kind)).toEqual(kinds)
  })

  it('give the live rows of the kinds asked for', async () => {
    const asked = { kinds: [kindNumber('post'), kindNumber('signup')], authorId: 0 }
    const rows = await pool.transaction({ access: 'read only' }, (db) => db.run(everyones, asked))
    expect(rows.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'signup 1',
      'signup 2',
      'post 10',
      'post 20',
    ])
  })

  it('give the rows of one user alone, the account itself among them', async () => {
    const asked = { kinds: kinds.map(kindNumber), authorId: 2 }
    const rows = await pool.transaction({ access: 'read only' }, (db) => db.run(authors, asked))
    expect(rows.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'signup 2',
      'post 20',
      'comment 21',
      'session 22',
    ])
  })
})
