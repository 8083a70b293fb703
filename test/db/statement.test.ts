import { eq, sql } from 'drizzle-orm'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { users } from '../../src/db/schema.ts'
import {
  compile,
  everyVariant,
  family,
  type Placeholders,
  statement,
  statements,
} from '../../src/db/statement.ts'

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

describe('family', () => {
  const counting = family<number, ById, { n: number }>(
    {
      nameOf: (n) => `tally_${n}`,
      optionsOf: () => ({ reads: ['users'] }),
      variants: () => [1, 2, 3],
      usual: [1],
    },
    (n, { id }) => sql<{ n: number }>`select ${id} + ${sql.raw(String(n))} as n`,
  )

  it('makes a statement of each variant when it is first asked for, and the usual ones at once', () => {
    const names = () => statements.map(({ name }) => name).filter((name) => /^tally_/.test(name))
    expect(names()).toEqual(['tally_1'])
    expect(compile(counting(2)).text).toBe('select $1 + 2 as n')
    expect(counting(2)).toBe(counting(2))
    expect(names()).toEqual(['tally_1', 'tally_2'])
  })

  it('is told in all its variants, beside the statements that have none, each once', () => {
    const told = [...everyVariant()].map(({ name }) => name)
    expect(told).toContain('user_by_id')
    expect(told.filter((name) => /^tally_/.test(name))).toEqual(['tally_1', 'tally_2', 'tally_3'])
  })
})
