import type { TestSql } from './database.ts'

/** Changes a rollup by hand, against its guard. */
export const plant = (sql: TestSql, change: string) =>
  sql.begin(async (tx) => {
    await tx`set local search_path = pg_catalog, pg_temp`
    await tx.unsafe(change)
  })
