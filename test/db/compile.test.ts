import { and, asc, eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { comments, posts, users } from '../../src/db/schema.ts'
import { compile, type Placeholders, statement } from '../../src/db/statement.ts'

const page = statement(
  'page',
  { reads: [] },
  (db, placeholders: Placeholders<{ id: number; limit: number }>) =>
    db
      .select({ id: posts.id })
      .from(posts)
      .where(
        and(
          eq(posts.title, 'Hello'),
          sql`(${posts.id}, ${placeholders.id}) > (${placeholders.id}, 0)`,
        ),
      )
      .orderBy(asc(posts.id))
      .limit(placeholders.limit),
)

describe('a compiled statement', () => {
  it('keeps constants, and binds a placeholder once wherever it stands', () => {
    expect(compile(page).bind({ id: 3, limit: 20 })).toEqual(['Hello', 3, 20])
    expect(compile(page).text).toContain('"id", $2) > ($2, 0)')
  })

  it('says which value is missing', () => {
    expect(() => compile(page).bind({ id: 3 })).toThrow('page needs a value for limit')
  })

  it('hands arrays over as PostgreSQL writes them', () => {
    const any = statement(
      'any',
      { reads: [] },
      (_, placeholders: Placeholders<{ names: string[] }>) =>
        sql<{
          n: number
        }>`select count(*) as n from users where username = any(${placeholders.names}::text[])`,
    )
    expect(compile(any).bind({ names: ['a"b', 'c\\d', ''] })).toEqual(['{"a\\"b","c\\\\d",""}'])
  })

  it('leaves alone what a text without values says of another statement', () => {
    const prepare = statement('prepare', { reads: [] }, () => sql`prepare one as select $1::int`)
    expect(compile(prepare).text).toBe('prepare one as select $1::int')
  })

  it('maps rows as Drizzle does, nested fields and missing joins included', () => {
    const nested = statement('nested', { reads: [] }, (db) =>
      db
        .select({ id: comments.id, author: { id: users.id, name: users.username } })
        .from(comments)
        .leftJoin(users, eq(users.id, comments.authorId)),
    )
    const { map } = compile(nested)
    expect(map?.([1, 2, 'ada'])).toEqual({ id: 1, author: { id: 2, name: 'ada' } })
    expect(map?.([1, null, null])).toEqual({ id: 1, author: null })
  })

  it('maps what a write returns, and leaves a template to the driver', () => {
    const insert = statement(
      'insert',
      { reads: [] },
      (db, placeholders: Placeholders<{ name: string }>) =>
        db.insert(users).values({ username: placeholders.name }).returning({ id: users.id }),
    )
    expect(compile(insert).bind({ name: 'ada' })).toEqual(['ada'])
    expect(compile(insert).map?.([5])).toEqual({ id: 5 })
    const template = statement('template', { reads: [] }, () => sql`select 1 as one`)
    expect(compile(template).map).toBeUndefined()
  })
})
