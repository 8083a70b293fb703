import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Placeholders } from '../statement.ts'
import type { Item } from './list.ts'

export type ById = { readonly id: number }
/** A row as JSON, and its version: another one after each write of anyone to that row. */
export type FoundRow = { readonly json: string; readonly version: string }

type RowTable = { readonly id: SQLWrapper; readonly deletedAt: SQLWrapper } & SQLWrapper

/** The transaction that wrote a row of `table` as it is. */
export const versionOf = (table: SQLWrapper): SQL => sql`${table}.xmin::text`

/** A live row by its id, as JSON; no row where there is none. */
export const rowById = (
  table: RowTable,
  item: Item,
  { id }: Placeholders<ById>,
): SQL<FoundRow> => sql`with page as (
      select ${table.id} as id, ${versionOf(table)} as version, ${item.columns} from ${table} where ${table.id} = ${id}::bigint and ${table.deletedAt} is null
    )
    select concat(${item.json}) as json, page.version from page ${item.joins}`

/** The CTE `page` for `item`, of a row that the statement itself wrote: `changed` has its columns and its `version`. */
export const pageOfChanged = (table: RowTable, { columns }: Item): SQL =>
  sql`page as materialized (
      select ${table.id} as id, version, ${columns} from changed as ${table}
    )`
