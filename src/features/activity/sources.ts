import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { type Kind, kindLiteral, kinds, kindTable } from '../../db/rollup/kinds.ts'

/** Where the feed's rows of one kind come from, and which user they belong to. */
type Source = { readonly kind: Kind } & Pick<(typeof kindTable)[Kind], 'table' | 'owner'>

export const sources: readonly Source[] = kinds.map((kind) => ({ kind, ...kindTable[kind] }))

/** The rows of the feed that a statement is about. */
export type FilterSql = {
  /** Kind numbers as a PostgreSQL array: `{0,1,2}`. */
  readonly kinds: SQLWrapper
  /** Only this user's rows. */
  readonly authorId: SQLWrapper | undefined
}

/** Holds for the live rows of a source that the filter lets through. */
export const matchesFilter = ({ kind, table, owner }: Source, filter: FilterSql): SQL =>
  sql`${isAsked(filter, kind)} and ${table.deletedAt} is null ${filter.authorId ? sql`and ${owner} = ${filter.authorId}::bigint` : sql.empty()}`

/** Whether the filter lets rows of the kind through at all. */
export const isAsked = (filter: FilterSql, kind: Kind): SQL =>
  sql`${kindLiteral(kind)} = any(${filter.kinds}::smallint[])`

/** `make` of every source, joined. */
export const ofEverySource = (make: (source: Source) => SQL, separator: string): SQL =>
  sql.join(sources.map(make), sql.raw(separator))
