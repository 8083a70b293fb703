import { expect } from 'vitest'
import type { TestSql } from './database.ts'

/**
 * Vacuums the table until all of its rows are visible to all, and indexes are read alone: rows are only once their commits, and
 * those of their neighbours in any database, are on disk.
 */
export const makeVisible = (sql: TestSql, table: string): Promise<void> =>
  expect
    .poll(async () => {
      await sql.unsafe(`vacuum analyze ${table}`)
      const [found] =
        await sql`select relpages - relallvisible as hidden from pg_class where oid = ${table}::regclass`
      return found?.hidden
    })
    .toBe(0)
