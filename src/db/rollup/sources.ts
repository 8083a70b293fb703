import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { users } from '../schema.ts'
import { type Kind, kinds, kindTable } from './kinds.ts'
import { classesOf, type UserClass, type UserClasses } from './user-classes.ts'

/** Where the rows of one kind come from, and which user they belong to. */
export type Source = { readonly kind: Kind } & Pick<(typeof kindTable)[Kind], 'table' | 'owner'> & {
    /** One class of users: their indexes begin with it. */
    readonly ofClass?: SQL
  }

/** The rows that a statement is about: counted by rollups, found by their number, read in order. */
export type FilterSql = {
  /** A statement of its own for each set of kinds: asking within one what is wanted costs a tenth of a page of the feed. */
  readonly kinds: readonly Kind[]
  /** Only this user's rows. */
  readonly authorId: SQLWrapper | undefined
  /** Only these users, where sign-ups are all that is asked for. */
  readonly classes?: UserClasses | undefined
  /** What is pending of these kinds, as a relation of `(kind, n)` that the statement has read already. */
  readonly pending?: SQL
}

/** The sources of the kinds asked for, in the feed's order for equal instants. */
export const sourcesOf = (filter: FilterSql): readonly Source[] =>
  kinds
    .filter((kind) => filter.kinds.includes(kind))
    .map((kind) => ({ kind, ...kindTable[kind] }))
    .flatMap((source) =>
      filter.classes
        ? classesOf(filter.classes).map((one) => ({ ...source, ofClass: conditionOf(one) }))
        : source,
    )

const conditionOf = ({ isActive, isAdmin }: UserClass): SQL =>
  sql`${users.isActive} = ${sql.raw(String(isActive))} and ${users.isAdmin} = ${sql.raw(String(isAdmin))}`

/** Holds for the live rows of a source that the filter lets through. */
export const matchesFilter = ({ table, owner, ofClass }: Source, { authorId }: FilterSql): SQL =>
  sql`${table.deletedAt} is null ${authorId ? sql`and ${owner} = ${authorId}::bigint` : sql.empty()}${ofClass ? sql` and ${ofClass}` : sql.empty()}`

/** `make` of every source asked for, joined. */
export const ofEverySource = (
  filter: FilterSql,
  make: (source: Source) => SQL,
  separator: string,
): SQL => sql.join(sourcesOf(filter).map(make), sql.raw(separator))

/** The bounds of bigint: beyond every id. */
export const lowestId = '-9223372036854775808'
export const highestId = '9223372036854775807'

/** Rows of several kinds from new to old, or from old to new. */
export const byAge = (first: 'newest' | 'oldest'): SQL =>
  sql.raw(
    first === 'newest' ? 'created_at desc, kind asc, id desc' : 'created_at asc, kind desc, id asc',
  )
