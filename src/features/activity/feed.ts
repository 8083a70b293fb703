import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { rfc3339 } from '../../db/instant.ts'
import { merged } from '../../db/keyset.ts'
import { countAfter, countAll, countSince } from '../../db/rollup/counts.ts'
import type { Kind } from '../../db/rollup/kinds.ts'
import {
  byAge,
  type FilterSql,
  matchesFilter,
  ofEverySource,
  sourcesOf,
} from '../../db/rollup/sources.ts'
import type { Placeholders } from '../../db/statement.ts'
import type { Direction } from '../../http/paging/cursor.ts'
import { itemColumns, itemJoins, itemJson } from './items.ts'

/** What every page of the feed is asked with. */
export type FeedFilter = {
  /** Null for everyone's. */
  readonly authorId: number | null
  /** Instants, RFC 3339 or ±infinity; both bounds are exclusive. */
  readonly after: string
  readonly before: string
  /** 1..100 rows. */
  readonly size: number
}

/** Where to go on from: of the rows at that very instant, each kind's beyond its id are still to come. */
export type FeedBounds = { readonly at: string } & { readonly [K in Kind as `${K}Id`]: string }
export type FeedPosition = FeedFilter & FeedBounds

export type FoundActivity = {
  /** Rows of the page as JSON texts with commas between, newest first, and one more where it goes on. */
  readonly items: string | null
  readonly count: number
  /** Whether rows lie behind, where the page was reached from. */
  readonly isPreceded: boolean
  /** Rows of the whole list. */
  readonly total: number
  readonly asOf: string
}

/** Each is a statement of its own: an author's rows lie in other indexes than everyone's, and bounds cost a count. */
export type FeedVariant = {
  readonly kinds: readonly Kind[]
  readonly ofAuthor: boolean
  readonly isBounded: boolean
}

type FeedPage = {
  readonly asked: Placeholders<FeedFilter>
  readonly variant: FeedVariant
  /** Next goes to older rows. */
  readonly direction: Direction
  /** CTEs that the two below refer to. */
  readonly ctes?: SQL
  /** The `(created_at, id)` that a kind's rows lie beyond; from the end of the list without. */
  readonly beyond?: (kind: Kind) => SQL
  /** The number of rows from `before` on, where a CTE counts them already. */
  readonly newer?: SQL
  readonly isPreceded: SQL
}

export const filterSqlOf = (
  asked: Placeholders<FeedFilter>,
  { kinds, ofAuthor }: FeedVariant,
): FilterSql => ({ kinds, authorId: ofAuthor ? asked.authorId : undefined })

export const beyondPosition = (asked: Placeholders<FeedPosition>) => (kind: Kind) =>
  sql`(${asked.at}::timestamptz, ${asked[`${kind}Id`]}::bigint)`

/**
 * The next rows of each kind come from its own index, texts and all, and are merged as they are read; only the page is
 * joined to names and titles. PostgreSQL writes the JSON: mapping rows in JavaScript would cost as much as the query.
 */
export function feedPage(page: FeedPage): SQL<FoundActivity> {
  const { asked, variant, ctes, newer, isPreceded } = page
  const filter = filterSqlOf(asked, variant)
  const total = variant.isBounded
    ? sql`${countAfter(filter, asked.after)} - ${newer ?? countSince(filter, asked.before)}`
    : countAll(filter)
  return sql`${ctes ? sql`with ${ctes}` : sql.empty()}
    select string_agg(item, ',') as items, count(*) as count,
      (${isPreceded}) as "isPreceded",
      ${total} as total,
      ${rfc3339(sql`now()`)} as "asOf"
    from (
      select ${itemJson(variant.kinds)} as item
      from (${picked(page)}) as page ${itemJoins(variant.kinds)}
      order by page.created_at desc, kind, page.id desc
    ) as items`
}

/** The rows of the page and one more, in the direction gone. */
function picked({ asked, variant, direction, beyond }: FeedPage): SQL {
  const filter = filterSqlOf(asked, variant)
  const sources = sourcesOf(filter).map(
    (source) => sql`select ${itemColumns(source.kind)}
          from ${source.table}
          where ${matchesFilter(source, filter)}
            ${beyond ? sql`and (${source.table.createdAt}, ${source.table.id}) ${comparisonOf[direction]} ${beyond(source.kind)}` : sql.empty()}
            ${variant.isBounded ? within(asked, source.table.createdAt) : sql.empty()}`,
  )
  return merged(sources, {
    within: sql.raw(`created_at ${orderOf[direction]}, id ${orderOf[direction]}`),
    order: byAge(direction === 'next' ? 'newest' : 'oldest'),
    size: sql`${asked.size}`,
  })
}

const orderOf = { next: 'desc', prev: 'asc' } as const
const comparisonOf = { next: sql.raw('<'), prev: sql.raw('>') } as const

/** Both bounds, whichever way the page goes. */
const within = (asked: Placeholders<FeedFilter>, createdAt: SQLWrapper) =>
  sql`and ${createdAt} > ${asked.after}::timestamptz and ${createdAt} < ${asked.before}::timestamptz`

/**
 * Whether rows lie on the other side of the position than the direction leads: the first kind that has one answers.
 * Ordered, because for a bare `exists` the planner may find a sequential scan good enough.
 */
export function existsBehind(
  direction: Direction,
  asked: Placeholders<FeedPosition>,
  variant: FeedVariant,
): SQL {
  const filter = filterSqlOf(asked, variant)
  const [compare, order] = direction === 'next' ? ['>=', 'asc'] : ['<=', 'desc']
  const bound = ({ createdAt }: { readonly createdAt: SQLWrapper }) =>
    direction === 'next'
      ? sql`and ${createdAt} < ${asked.before}::timestamptz`
      : sql`and ${createdAt} > ${asked.after}::timestamptz`
  const anyOf = ofEverySource(
    filter,
    (source) => sql`(
      select true from ${source.table} where ${matchesFilter(source, filter)}
        and (${source.table.createdAt}, ${source.table.id}) ${sql.raw(compare)} ${beyondPosition(asked)(source.kind)}
        ${variant.isBounded ? bound(source.table) : sql.empty()}
      order by ${source.table.createdAt} ${sql.raw(order)}, ${source.table.id} ${sql.raw(order)} limit 1)`,
    ',\n',
  )
  return sql`coalesce(${anyOf}, false)`
}
