import type { TestSql } from './database.ts'

/** Changes a rollup by hand, against its guard. */
export const plant = (sql: TestSql, change: string) =>
  sql.begin(async (tx) => {
    await tx`set local rollup.writing = 'on'`
    await tx.unsafe(change)
  })
