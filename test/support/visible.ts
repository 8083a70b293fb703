import { vi } from 'vitest'
import type { TestSql } from './database.ts'

/**
 * Vacuums the table until its rows are visible to all, but for a page or two, and indexes are read alone: rows are only once
 * their commits, and those of their neighbours in any database, are on disk.
 */
export const makeVisible = (sql: TestSql, table: string): Promise<void> =>
  vi.waitFor(
    async () => {
      await sql.unsafe(`vacuum analyze ${table}`)
      const [found] =
        await sql`select relpages - relallvisible as hidden from pg_class where oid = ${table}::regclass`
      if (found?.hidden > 2)
        throw new Error(`${found?.hidden} pages of ${table} are not visible to all`)
    },
    { timeout: 60_000 },
  )
