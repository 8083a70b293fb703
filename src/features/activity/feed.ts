import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { rfc3339 } from '../../db/instant.ts'
import { type Kind, kindLiteral } from '../../db/rollup/kinds.ts'
import type { Placeholders } from '../../db/statement.ts'
import type { Direction } from '../../http/paging/cursor.ts'
import type { KeysetPage } from '../../http/paging/keyset.ts'
import { countAll, countSince, type Located } from './counts.ts'
import { itemsJson } from './items.ts'
import { type FilterSql, matchesFilter, ofEverySource } from './sources.ts'

/** What every page of the feed is asked with. */
export type FeedFilter = {
  /** Kind numbers as a PostgreSQL array: `{0,1,2}`. */
  readonly kinds: string
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

/** One page, its items as JSON text; `first` is its newest row. */
export type FoundActivity = KeysetPage & { readonly items: string }

/** An author's rows lie in other indexes than everyone's, and bounds cost a count of their own. */
export type FeedVariant = { readonly ofAuthor: boolean; readonly isBounded: boolean }

type FeedPage = {
  readonly asked: Placeholders<FeedFilter>
  readonly variant: FeedVariant
  /** Next goes to older rows. */
  readonly direction: Direction
  /** The `(created_at, id)` that a kind's rows lie beyond. */
  readonly beyond: (kind: Kind) => SQL
  readonly isPreceded: SQL
  /** Where a jump lands; its `rest` rows are then passed over. */
  readonly located?: Located
}

/** The largest page and the row that tells whether another follows: with an open limit the planner expects millions. */
const mostRows = sql.raw('101')

export const filterSqlOf = (
  asked: Placeholders<FeedFilter>,
  { ofAuthor }: FeedVariant,
): FilterSql => ({
  kinds: asked.kinds,
  authorId: ofAuthor ? asked.authorId : undefined,
})

export const beyondPosition = (asked: Placeholders<FeedPosition>) => (kind: Kind) =>
  sql`(${asked.at}::timestamptz, ${asked[`${kind}Id`]}::bigint)`

/**
 * The next rows of each kind come from its own index, are merged, and only then read for texts, titles and names.
 * PostgreSQL writes the JSON: mapping rows in JavaScript would cost as much as the query.
 */
export function feedPage(page: FeedPage): SQL<FoundActivity> {
  const { asked, variant, direction, isPreceded, located } = page
  const filter = filterSqlOf(asked, variant)
  const isShown = sql`rank <= ${asked.size}::int`
  const [newest, oldest] =
    direction === 'next' ? (['nearest', 'farthest'] as const) : (['farthest', 'nearest'] as const)
  const total = variant.isBounded
    ? sql`${countSince(filter, microsecondAfter(asked.after))} - ${countSince(filter, asked.before)}`
    : countAll(filter)
  return sql`
    with ${located ? sql`${located.ctes},` : sql.empty()}
    picked as materialized (${picked(page)}),
    ends as (
      select min(rank) filter (where ${isShown}) as nearest,
        max(rank) filter (where ${isShown}) as farthest,
        count(*) > ${asked.size}::int as goes_on
      from picked
    )
    select
      ${itemsJson(sql`picked`, isShown, sql.raw(`rank ${direction === 'next' ? 'asc' : 'desc'}`))} as items,
      ${positionAt(newest)} as first,
      ${positionAt(oldest)} as last,
      ends.goes_on as "goesOn",
      (${isPreceded}) as "isPreceded",
      ${total} as total,
      ${rfc3339(sql`now()`)} as "asOf"
    from ends`
}

/** The rows of the page and one more, ranked in the direction gone. */
function picked({ asked, variant, direction, beyond, located }: FeedPage): SQL {
  const filter = filterSqlOf(asked, variant)
  const [compare, order, kindOrder] =
    direction === 'next' ? ['<', 'desc', 'asc'] : ['>', 'asc', 'desc']
  const inOrder = sql.raw(`created_at ${order}, kind ${kindOrder}, id ${order}`)
  const limit = sql`${asked.size}::int + 1`
  const branches = ofEverySource(
    (source) => sql`(select * from (
      select ${kindLiteral(source.kind)} as kind, ${source.table.id} as id, ${source.table.createdAt} as created_at
      from ${source.table}
      where ${matchesFilter(source, filter)}
        and (${source.table.createdAt}, ${source.table.id}) ${sql.raw(compare)} ${beyond(source.kind)}
        ${variant.isBounded ? sql`and ${source.table.createdAt} > ${asked.after}::timestamptz` : sql.empty()}
        ${variant.isBounded && !located ? sql`and ${source.table.createdAt} < ${asked.before}::timestamptz` : sql.empty()}
      order by ${source.table.createdAt} ${sql.raw(order)}, ${source.table.id} ${sql.raw(order)}
      limit ${located ? sql`${located.rest} + ${limit}` : limit}
    ) as source ${located ? sql.empty() : sql`limit ${mostRows}`})`,
    '\nunion all\n',
  )
  return sql`
      select *, row_number() over (order by ${inOrder}) as rank
      from (
        select * from (${branches}) as merged
        order by ${inOrder} ${located ? sql`offset ${located.rest}` : sql.empty()} limit ${limit}
      ) as sized limit ${mostRows}
    `
}

/**
 * Whether rows lie on the other side of the position than the direction leads. Ordered, because for a bare `exists`
 * the planner may find a sequential scan good enough.
 */
export function existsBehind(
  direction: Direction,
  asked: Placeholders<FeedPosition>,
  variant: FeedVariant,
): SQL {
  const [compare, order] = direction === 'next' ? ['>=', 'asc'] : ['<=', 'desc']
  const bound = ({ createdAt }: { readonly createdAt: SQLWrapper }) =>
    direction === 'next'
      ? sql`and ${createdAt} < ${asked.before}::timestamptz`
      : sql`and ${createdAt} > ${asked.after}::timestamptz`
  const anyOf = ofEverySource(
    (source) => sql`(
      select true from ${source.table} where ${matchesFilter(source, filterSqlOf(asked, variant))}
        and (${source.table.createdAt}, ${source.table.id}) ${sql.raw(compare)} ${beyondPosition(asked)(source.kind)}
        ${variant.isBounded ? bound(source.table) : sql.empty()}
      order by ${source.table.createdAt} ${sql.raw(order)}, ${source.table.id} ${sql.raw(order)} limit 1)`,
    ',\n',
  )
  return sql`coalesce(${anyOf}, false)`
}

/** The position `instant|kind number|id` at that end of the page. */
const positionAt = (end: 'nearest' | 'farthest') => sql`(
  select ${rfc3339(sql`created_at`)} || '|' || kind || '|' || id from picked where rank = ends.${sql.raw(end)})`

/** From an exclusive lower bound to an inclusive one: PostgreSQL counts whole microseconds. */
const microsecondAfter = (instant: SQLWrapper): SQL =>
  sql`${instant}::timestamptz + interval '1 microsecond'`
