import { eq } from 'drizzle-orm'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type BoundStatement, bind, onlyRow } from '../../src/db/bound-statement.ts'
import { users } from '../../src/db/schema.ts'
import { type Placeholders, statement } from '../../src/db/statement.ts'
import { useDatabase } from '../support/database.ts'
import { insertUser } from '../support/factories.ts'
import { openTestPool } from '../support/pool.ts'

const nameOf = statement(
  'name_of',
  { reads: ['users'] },
  (db, placeholders: Placeholders<{ id: number }>) =>
    db.select({ name: users.username }).from(users).where(eq(users.id, placeholders.id)),
)

describe('a bound statement', () => {
  const database = useDatabase()

  it('runs with the values it was given, and says what it reads', async () => {
    const { id, username } = await insertUser(database.sql)
    const pool = openTestPool(database.url)
    const bound = bind(nameOf, { id })
    expect(bound).toMatchObject({ name: 'name_of', reads: ['users'] })
    expect(await pool.transaction({ access: 'read only' }, bound.run)).toEqual([{ name: username }])
    await pool.close()
  })

  it('is typed by its rows, and asks for its values', () => {
    expectTypeOf(bind(nameOf, { id: 1 })).toEqualTypeOf<BoundStatement<{ name: string }>>()
    // @ts-expect-error the value is missing
    bind(nameOf)
  })
})

describe('onlyRow', () => {
  it('gives the row, and throws where there is none', () => {
    expect(onlyRow([1])).toBe(1)
    expect(() => onlyRow([])).toThrow('gave no row')
  })
})
