import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Placeholders } from '../statement.ts'
import type { Item } from './list.ts'

export type ById = { readonly id: number }
export type FoundRow = { readonly json: string }

/** A live row by its id, as JSON; no row where there is none. */
export const rowById = (
  table: { readonly id: SQLWrapper; readonly deletedAt: SQLWrapper } & SQLWrapper,
  { columns, json, joins }: Item,
  { id }: Placeholders<ById>,
): SQL<FoundRow> => sql`with page as materialized (
      select ${table.id} as id, ${columns} from ${table} where ${table.id} = ${id}::bigint and ${table.deletedAt} is null
    )
    select concat(${json}) as json from page ${joins}`
