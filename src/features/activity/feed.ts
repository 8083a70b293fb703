import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { rfc3339 } from '../../db/instant.ts'
import { type Kind, kinds } from '../../db/rollup/tables.ts'
import { comments, posts, sessions, users } from '../../db/schema.ts'
import type { Placeholders } from '../../db/statement.ts'
import { countAll, countSince } from './counts.ts'
import { type FilterSql, kindLiteral, matchesFilter, ofEverySource } from './sources.ts'

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

/** The position to go on from: of the rows at that very instant, each kind's beyond its id are still to come. */
export type FeedPosition = FeedFilter & {
  readonly at: string
  readonly postId: string
  readonly commentId: string
  readonly signupId: string
  readonly sessionId: string
}

/** One page: its items as JSON text, its outermost positions, and what lies around it. */
export type FoundActivity = {
  readonly items: string
  /** Positions `instant|kind number|id`; null on an empty page. */
  readonly newest: string | null
  readonly oldest: string | null
  /** Whether rows follow, in the direction gone. */
  readonly goesOn: boolean
  /** Whether rows lie behind, where the page was reached from. */
  readonly isPreceded: boolean
  readonly total: number
  readonly asOf: string
}

/** An author's rows lie in other indexes than everyone's, and bounds cost a count of their own. */
export type FeedVariant = { readonly ofAuthor: boolean; readonly isBounded: boolean }

/** Down the feed goes to older rows. */
type Direction = 'down' | 'up'

type FeedPage = {
  readonly slots: Placeholders<FeedFilter>
  readonly shape: FeedVariant
  readonly direction: Direction
  /** The `(created_at, id)` that a kind's rows lie beyond. */
  readonly beyond: (kind: Kind) => SQL
  readonly isPreceded: SQL
  /** The CTE that finds where a jump lands; its `rest` rows are then passed over. */
  readonly seek?: SQL
}

/** The largest page and the row that tells whether another follows: with an open limit the planner expects millions. */
const mostRows = sql.raw('101')

/** Behind every id of an instant, going down. */
export const farthest = sql.raw('(-9223372036854775808)::bigint')

export const filterSqlOf = (
  slots: Placeholders<FeedFilter>,
  { ofAuthor }: FeedVariant,
): FilterSql => ({
  kinds: slots.kinds,
  authorId: ofAuthor ? slots.authorId : undefined,
})

export const positionOf = (slots: Placeholders<FeedPosition>) => (kind: Kind) =>
  sql`(${slots.at}::timestamptz, ${slots[`${kind}Id`]}::bigint)`

/**
 * The next rows of each kind come from its own index, are merged, and only then read for texts, titles and names.
 * PostgreSQL writes the JSON: mapping rows in JavaScript would cost as much as the query.
 */
export function feedPage({
  slots,
  shape,
  direction,
  beyond,
  isPreceded,
  seek,
}: FeedPage): SQL<FoundActivity> {
  const part = filterSqlOf(slots, shape)
  const rest = seek && sql`coalesce((select rest from seek), 0)`
  const [order, kindOrder] = direction === 'down' ? ['desc', 'asc'] : ['asc', 'desc']
  const inOrder = sql.raw(`created_at ${order}, kind ${kindOrder}, id ${order}`)
  const goesOn = sql`${slots.size}::int + 1`

  const branches = ofEverySource(
    (source) => sql`(select * from (
      select ${kindLiteral(source.kind)} as kind, ${source.table.id} as id, ${source.table.createdAt} as created_at
      from ${source.table}
      where ${matchesFilter(source, part)}
        and (${source.table.createdAt}, ${source.table.id}) ${sql.raw(direction === 'down' ? '<' : '>')} ${beyond(source.kind)}
        ${shape.isBounded ? sql`and ${source.table.createdAt} > ${slots.after}::timestamptz` : sql.empty()}
        ${shape.isBounded && !seek ? sql`and ${source.table.createdAt} < ${slots.before}::timestamptz` : sql.empty()}
      order by ${source.table.createdAt} ${sql.raw(order)}, ${source.table.id} ${sql.raw(order)}
      limit ${rest ? sql`${rest} + ${goesOn}` : goesOn}
    ) as source ${rest ? sql.empty() : sql`limit ${mostRows}`})`,
    'union all',
  )

  return sql`
    with ${seek ? sql`${seek},` : sql.empty()}
    picked as materialized (
      select *, row_number() over (order by ${inOrder}) as place
      from (
        select * from (${branches}) as merged
        order by ${inOrder} ${rest ? sql`offset ${rest}` : sql.empty()} limit ${goesOn}
      ) as sized limit ${mostRows}
    ),
    ends as (
      select min(place) filter (where place <= ${slots.size}::int) as nearest,
        max(place) filter (where place <= ${slots.size}::int) as farthest,
        count(*) > ${slots.size}::int as goes_on
      from picked
    )
    select
      '[' || coalesce((${items(sql`place <= ${slots.size}::int`, direction)}), '') || ']' as items,
      ${place(direction === 'down' ? 'nearest' : 'farthest')} as newest,
      ${place(direction === 'down' ? 'farthest' : 'nearest')} as oldest,
      ends.goes_on as "goesOn",
      (${isPreceded}) as "isPreceded",
      ${shape.isBounded ? sql`${countSince(part, afterwards(slots.after))} - ${countSince(part, slots.before)}` : countAll(part)} as total,
      ${rfc3339(sql`now()`)} as "asOf"
    from ends`
}

/**
 * Whether the part has rows on the other side of the position than the way leads. Ordered, because for a bare
 * `exists` the planner may find a sequential scan good enough.
 */
export function isPreceded(
  direction: Direction,
  slots: Placeholders<FeedPosition>,
  shape: FeedVariant,
): SQL {
  const [compare, order] = direction === 'down' ? ['>=', 'asc'] : ['<=', 'desc']
  const bound = ({ createdAt }: { readonly createdAt: SQLWrapper }) =>
    direction === 'down'
      ? sql`and ${createdAt} < ${slots.before}::timestamptz`
      : sql`and ${createdAt} > ${slots.after}::timestamptz`
  const anyOf = ofEverySource(
    (source) => sql`(
      select true from ${source.table} where ${matchesFilter(source, filterSqlOf(slots, shape))}
        and (${source.table.createdAt}, ${source.table.id}) ${sql.raw(compare)} ${positionOf(slots)(source.kind)}
        ${shape.isBounded ? bound(source.table) : sql.empty()}
      order by ${source.table.createdAt} ${sql.raw(order)}, ${source.table.id} ${sql.raw(order)} limit 1)`,
    ',',
  )
  return sql`coalesce(${anyOf}, false)`
}

/** The position `instant|kind number|id` at that end of the page. */
const place = (end: 'nearest' | 'farthest') => sql`(
  select ${rfc3339(sql`created_at`)} || '|' || kind || '|' || id from picked where place = ends.${sql.raw(end)})`

/** The picked rows as JSON, newest first. What belonged to a deleted account or post stays, without its name. */
const items = (isShown: SQL, direction: Direction): SQL => sql`
  select string_agg(
    '{"kind":"' || (array[${sql.raw(kinds.map((kind) => `'${kind}'`).join())}])[kind + 1]
      || '","id":' || picked.id
      || ',"createdAt":"' || ${rfc3339(sql`picked.created_at`)}
      || '","actor":' || coalesce('{"id":' || ${users.id} || ',"username":' || to_json(${users.username}) || '}', 'null')
      || ',"post":' || coalesce('{"id":' || ${posts.id} || ',"title":'
        || coalesce(to_json(case when ${posts.deletedAt} is null then ${posts.title} end)::text, 'null') || '}', 'null')
      || ',"excerpt":' || coalesce(to_json(left(case kind when 0 then ${posts.body} else ${comments.body} end, 200))::text, 'null')
      || '}',
    ',' order by place ${sql.raw(direction === 'down' ? 'asc' : 'desc')})
  from picked
  left join ${comments} on ${comments.id} = case when kind = 1 then picked.id end
  left join ${posts} on ${posts.id} = case kind when 0 then picked.id when 1 then ${comments.postId} end
  left join ${sessions} on ${sessions.id} = case when kind = 3 then picked.id end
  left join ${users} on ${users.deletedAt} is null and ${users.id} = case kind
    when 0 then ${posts.authorId} when 1 then ${comments.authorId} when 2 then picked.id else ${sessions.userId} end
  where ${isShown}`

/** The instant after an exclusive lower bound: PostgreSQL counts whole microseconds. */
const afterwards = (instant: SQLWrapper): SQL =>
  sql`${instant}::timestamptz + interval '1 microsecond'`
