import { and, asc, eq, sql } from 'drizzle-orm'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { comments, posts, users } from '../../src/db/schema.ts'
import { compile, type Placeholders, statement } from '../../src/db/statement.ts'

type ById = { readonly id: number }

const userById = statement('user_by_id', { reads: [] }, (db, slots: Placeholders<ById>) =>
  db.select({ id: users.id, username: users.username }).from(users).where(eq(users.id, slots.id)),
)
const now = statement('now', { reads: [] }, () => sql<{ now: string }>`select now()::text as now`)

describe('statement', () => {
  it('writes its SQL once, with every value a parameter', () => {
    const compiled = compile(userById)
    expect(compiled.text).toBe('select "id", "username" from "users" where "users"."id" = $1')
    expect(compiled.bind({ id: 7 })).toEqual([7])
    expect(compile(userById)).toBe(compiled)
  })

  it('builds once per process', () => {
    let built = 0
    const counted = statement('counted', { reads: [] }, () => {
      built += 1
      return sql<{ one: number }>`select 1 as one`
    })
    compile(counted)
    compile(counted)
    expect(built).toBe(1)
  })

  it('keeps constants, and binds a slot once wherever it stands', () => {
    const page = statement(
      'page',
      { reads: [] },
      (db, slots: Placeholders<{ id: number; limit: number }>) =>
        db
          .select({ id: posts.id })
          .from(posts)
          .where(and(eq(posts.title, 'Hello'), sql`(${posts.id}, ${slots.id}) > (${slots.id}, 0)`))
          .orderBy(asc(posts.id))
          .limit(slots.limit),
    )
    expect(compile(page).bind({ id: 3, limit: 20 })).toEqual(['Hello', 3, 20])
    expect(compile(page).text).toContain('"id", $2) > ($2, 0)')
  })

  it('says which value is missing', () => {
    expect(() => compile(userById).bind({})).toThrow('user_by_id needs a value for id')
  })

  it('hands arrays over as PostgreSQL writes them', () => {
    const any = statement(
      'any',
      { reads: [] },
      (_, slots: Placeholders<{ names: string[] }>) =>
        sql<{
          n: number
        }>`select count(*) as n from users where username = any(${slots.names}::text[])`,
    )
    expect(compile(any).bind({ names: ['a"b', 'c\\d', ''] })).toEqual(['{"a\\"b","c\\\\d",""}'])
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
    const insert = statement('insert', { reads: [] }, (db, slots: Placeholders<{ name: string }>) =>
      db.insert(users).values({ username: slots.name }).returning({ id: users.id }),
    )
    expect(compile(insert).bind({ name: 'ada' })).toEqual(['ada'])
    expect(compile(insert).map?.([5])).toEqual({ id: 5 })
    expect(compile(now).map).toBeUndefined()
  })

  it('types its values and its rows', () => {
    const check = (db: Database) => {
      expectTypeOf(db.run(userById, { id: 1 })).resolves.toEqualTypeOf<
        { id: number; username: string }[]
      >()
      expectTypeOf(db.run(now)).resolves.toEqualTypeOf<{ now: string }[]>()
      // @ts-expect-error the value is missing
      db.run(userById)
      // @ts-expect-error there is no such value
      db.run(userById, { id: 1, other: 2 })
      // @ts-expect-error it takes none
      db.run(now, {})
    }
    expect(check).toBeTypeOf('function')
  })
})
