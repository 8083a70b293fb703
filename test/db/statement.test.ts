import { eq, sql } from 'drizzle-orm'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { users } from '../../src/db/schema.ts'
import { compile, type Placeholders, statement, statements } from '../../src/db/statement.ts'

type ById = { readonly id: number }

const userById = statement(
  'user_by_id',
  { reads: ['users'] },
  (db, placeholders: Placeholders<ById>) =>
    db
      .select({ id: users.id, username: users.username })
      .from(users)
      .where(eq(users.id, placeholders.id)),
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

  it('carries its name and the tables it reads, and is kept in the list of all', () => {
    expect(userById).toMatchObject({ name: 'user_by_id', reads: ['users'] })
    expect(userById.isOnly).toBeUndefined()
    const only = statement('only', { reads: [], isOnly: true }, () => sql`select 1`)
    expect(only.isOnly).toBe(true)
    expect(statements.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['user_by_id', 'now', 'only']),
    )
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
