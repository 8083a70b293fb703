import type { Bulk } from '../bulk/bulk.ts'
import { kindNumber, kindOfTable, kindTable, type TableName } from './kinds.ts'

/** Rows that this transaction inserted with the triggers silent. */
export type Loaded = {
  /** Where each table's stand, with the table's columns: what follows `from` in a query. */
  readonly sources: readonly (readonly [table: TableName, source: string])[]
  /** Queries for the ids of users and posts among them. */
  readonly ownIds: { readonly users: string; readonly posts: string }
}

/** Counts them in the rollups, once in a transaction; others see it with the commit. */
export async function countLoaded(sql: Bulk['sql'], { sources, ownIds }: Loaded): Promise<void> {
  await sql`select rollup.load_begin(${ownIds.users}::text, ${ownIds.posts}::text)`
  for (const [table, source] of sources) {
    const kind = kindOfTable[table]
    const { owner, isActivity } = kindTable[kind]
    const user = isActivity ? owner.name : 'null::bigint'
    const post = kind === 'comment' ? 'post_id' : 'null::bigint'
    const flags = kind === 'signup' ? 'rollup.flags_of(is_active, is_admin)' : 'null::smallint'
    const rows = `select id, created_at, ${user} as user_id, ${post} as post_id, ${flags} as flags, deleted_at is null as is_live from ${source}`
    await sql`select rollup.load(${kindNumber(kind)}::integer, ${rows}::text)`
  }
  await sql`select rollup.load_days()`
}

/**
 * The last that a bulk command writes: whatever its transaction wrote is folded before it commits. Others' folds stand
 * still from here to the commit.
 */
export async function foldLast(sql: Bulk['sql']): Promise<void> {
  await sql`select rollup.load_last()`
}
