import { describe, expect, it } from 'vitest'
import { columnKey, importTables, readRow } from '../../../src/commands/import/tables.ts'

const tableNamed = (name: string) => {
  const table = importTables.find((each) => each.name === name)
  if (!table) throw new Error(`There is no table ${name}`)
  return table
}

/** The row's values by column, from the cells of the columns given. */
function read(name: string, cells: Readonly<Record<string, unknown>>) {
  const table = tableNamed(name)
  const { values, reasons } = readRow(
    table,
    table.columns.map((column) => cells[column.name]),
  )
  return { values: Object.fromEntries(table.columns.map((c, at) => [c.name, values[at]])), reasons }
}

describe('importTables', () => {
  it('has parents before children, with the references of the schema', () => {
    expect(importTables.map(({ name, references }) => [name, references])).toEqual([
      ['users', []],
      ['posts', [{ column: 'author_id', table: 'users', isNullable: true }]],
      [
        'comments',
        expect.arrayContaining([
          { column: 'post_id', table: 'posts', isNullable: false },
          { column: 'author_id', table: 'users', isNullable: true },
        ]),
      ],
      ['sessions', [{ column: 'user_id', table: 'users', isNullable: false }]],
    ])
  })

  it('needs the columns that have no default', () => {
    const needed = importTables.map(({ columns }) =>
      columns.filter(({ isRequired }) => isRequired).map(({ name }) => name),
    )
    expect(needed).toEqual([
      ['id', 'username'],
      ['id'],
      ['id', 'post_id', 'body'],
      ['id', 'user_id'],
    ])
  })
})

describe('columnKey', () => {
  it('takes every way to write a column for one', () => {
    const keys = ['created_at', 'createdAt', 'CREATED_AT', ' Created_At '].map(columnKey)
    expect(new Set(keys)).toEqual(new Set(['createdat']))
  })
})

describe('readRow', () => {
  it('gives what is not given its default; times are that of the creation', () => {
    const { values, reasons } = read('users', {
      id: '1',
      username: 'Ann',
      created_at: '2020-01-01',
    })
    expect(reasons).toEqual([])
    expect(values).toMatchObject({
      id: '1',
      email: null,
      is_active: 'true',
      is_admin: 'false',
      created_at: '2020-01-01T00:00:00+00:00',
      updated_at: '2020-01-01T00:00:00+00:00',
      last_seen_at: null,
    })
  })

  it('creates a row now when it does not say when', () => {
    expect(read('sessions', { id: 1, user_id: 2 }).values).toMatchObject({
      created_at: 'now',
      last_seen_at: 'now',
    })
  })

  it('takes an empty text for empty, not for missing', () => {
    expect(read('comments', { id: 1, post_id: 2, body: null }).reasons).toEqual([])
    expect(read('comments', { id: 1, post_id: 2, body: null }).values).toMatchObject({ body: '' })
    expect(read('comments', { id: 1, post_id: 2 }).reasons).toEqual(['body is missing'])
  })

  it('names everything that is wrong', () => {
    expect(read('users', { id: 'x', created_at: 'soon' }).reasons).toEqual([
      'id is not a whole number: "x"',
      'username is missing',
      'created_at is not a time: "soon"',
    ])
  })
})
