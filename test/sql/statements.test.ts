import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'

// the registry of this process has the statements of other tests, too: the program is loaded anew
vi.resetModules()
const { everyStatement, sqlDirectory, sqlOf, writtenNames } = await import(
  '../support/every-statement.ts'
)

const statements = await everyStatement()
const names = statements.map(({ name }) => name)
const files = globSync('*.sql', { cwd: sqlDirectory }).sort()

/** After a change that is meant: `npm run sql` writes the files anew. */
describe('the statements of the program', () => {
  it('have each a name of their own', () => {
    expect(names).toEqual([...new Set(names)])
  })

  it('are all known: none is made only while the program runs', () => {
    expect(writtenNames.filter((name) => !names.includes(name))).toEqual([])
  })

  it('have each a file in test/sql, and no file is left of a statement that is gone', () => {
    expect(files).toEqual(names.map((name) => `${name}.sql`).sort())
  })

  it.each(statements)('$name is the SQL of its file', (statement) => {
    const { name } = statement
    expect(files).toContain(`${name}.sql`)
    expect(sqlOf(statement)).toBe(readFileSync(join(sqlDirectory, `${name}.sql`), 'utf8'))
  })

  it('mean the same whatever `standard_conforming_strings` is', () => {
    for (const statement of statements)
      expect(
        sqlOf(statement).replaceAll(/\bE'(?:[^'\\]|\\.|'')*'/g, ''),
        statement.name,
      ).not.toContain('\\')
  })

  it('write nothing where they say that they are the only one of a read', () => {
    const only = statements.filter(({ isOnly }) => isOnly)
    expect(only.length).toBeGreaterThan(0)
    for (const statement of only) {
      const sql = sqlOf(statement)
      expect(statement.reads.length > 0 || sql.includes(' shopboard.')).toBe(true)
      expect(sql).not.toMatch(/\b(insert|update|delete|merge|for share)\b/i)
    }
  })
})
