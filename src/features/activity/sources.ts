import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { type Kind, kindNumber } from '../../db/rollup/tables.ts'
import { comments, posts, sessions, users } from '../../db/schema.ts'

/** Where the feed's rows of one kind come from, and which user they belong to. */
type Source = {
  readonly kind: Kind
  readonly table: typeof posts | typeof comments | typeof users | typeof sessions
  readonly owner: PgColumn
}

export const sources: readonly Source[] = [
  { kind: 'post', table: posts, owner: posts.authorId },
  { kind: 'comment', table: comments, owner: comments.authorId },
  { kind: 'signup', table: users, owner: users.id },
  { kind: 'session', table: sessions, owner: sessions.userId },
]

/** Which part of the feed a statement is about. */
export type FilterSql = {
  /** Kind numbers as a PostgreSQL array: `{0,1,2}`. */
  readonly kinds: SQLWrapper
  /** Only this user's rows. */
  readonly authorId: SQLWrapper | undefined
}

/** A kind's number as a literal: PostgreSQL drops the branches of kinds that were not asked for. */
export const kindLiteral = (kind: Kind): SQL => sql.raw(String(kindNumber(kind)))

/** Holds for the live rows of a source that belong to the part. */
export const matchesFilter = ({ kind, table, owner }: Source, filter: FilterSql): SQL => sql`
  ${kindLiteral(kind)} = any(${filter.kinds}::smallint[]) and ${table.deletedAt} is null
  ${filter.authorId ? sql`and ${owner} = ${filter.authorId}::bigint` : sql.empty()}`

/** `make` of every source, joined. */
export const ofEverySource = (make: (source: Source) => SQL, separator: string): SQL =>
  sql.join(sources.map(make), sql.raw(` ${separator} `))
