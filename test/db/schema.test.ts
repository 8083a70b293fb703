import { afterEach, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { insertComment, insertPost, insertSession, insertUser } from '../support/factories.ts'

describe('the tables', () => {
  const database = useDatabase()
  afterEach(() => database.sql`truncate users, posts, comments, sessions cascade`)

  it.each([
    ['an instant before the year 1', { created_at: '0001-12-31 00:00:00+00 BC' }],
    ['an instant after the year 9999', { created_at: '10000-01-01T00:00:00Z' }],
    ['an infinite instant', { created_at: 'infinity' }],
    ['an empty user name', { username: '' }],
    ['a user name of 201 characters', { username: 'x'.repeat(201) }],
    ['an e-mail address without an @', { email: 'nobody' }],
  ])('refuse %s', async (_, row) => {
    await expect(insertUser(database.sql, row)).rejects.toMatchObject({ code: '23514' })
  })

  it.each([
    ['users', 'last_seen_at', insertUser],
    ['users', 'updated_at', insertUser],
    ['users', 'deleted_at', insertUser],
    ['posts', 'updated_at', insertPost],
    ['posts', 'deleted_at', insertPost],
    ['comments', 'updated_at', insertComment],
    ['comments', 'deleted_at', insertComment],
    ['sessions', 'last_seen_at', insertSession],
    ['sessions', 'deleted_at', insertSession],
  ])('refuse in %s.%s what has no year of four digits', async (table, column, insert) => {
    for (const instant of ['infinity', '-infinity', '200000-01-01', '0001-12-31 BC'])
      await expect(insert(database.sql, { [column]: instant })).rejects.toMatchObject({
        code: '23514',
        constraint_name: `${table}_${column}_range`,
      })
    for (const instant of ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999Z'])
      await insert(database.sql, { [column]: instant })
  })

  it('have an index of all rows for each reference, so that no deletion of a parent scans for its children', async () => {
    const unindexed = await database.sql`
      select conrelid::regclass, conname from pg_constraint
      where contype = 'f' and not exists (
        select from pg_index where indrelid = conrelid and indkey[0] = conkey[1] and indpred is null)`
    expect(unindexed).toEqual([])
  })

  it('take a user name twice, and an e-mail address once however it is written', async () => {
    const { sql } = database
    await insertUser(sql, { username: 'ada', email: 'Ada@example.org' })
    await insertUser(sql, { username: 'ada' })
    await expect(insertUser(sql, { email: 'ada@EXAMPLE.org' })).rejects.toMatchObject({
      code: '23505',
    })
  })

  it('keep what an account wrote without it, and drop its sessions and the comments of a post with them', async () => {
    const { sql } = database
    const user = await insertUser(sql)
    const post = await insertPost(sql, { author_id: user.id })
    await insertComment(sql, { post_id: post.id, author_id: user.id })
    await insertSession(sql, { user_id: user.id })
    await sql`delete from users`
    expect(await sql`select author_id from posts union all select author_id from comments`).toEqual(
      [{ author_id: null }, { author_id: null }],
    )
    expect(await sql`select from sessions`).toHaveLength(0)
    await sql`delete from posts`
    expect(await sql`select from comments`).toHaveLength(0)
  })
})
