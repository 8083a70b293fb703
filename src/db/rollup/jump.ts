import { type SQL, sql } from 'drizzle-orm'
import {
  authorDays,
  bucketRows,
  crowdArray,
  kindArray,
  kindList,
  nextBucket,
  ofClasses,
  utc,
} from './counts.ts'
import { type Kind, kindLiteral, kindNumber } from './kinds.ts'
import {
  byAge,
  type FilterSql,
  highestId,
  lowestId,
  matchesFilter,
  ofEverySource,
} from './sources.ts'
import { foldedBuckets, pendingCounts, type Span, spanLiteral } from './tables.ts'

/*
 * Finding a row by its number, counted from the newest. For everyone's rows the rollup counts are descended from months over days to
 * quarter-hours, and of a crowd its segments; for one author's rows the days of `current_user_days` serve. Each level
 * counts from the other end: what the sum of its buckets has beyond the row is how far it lies from there. What is left,
 * the rows of one finest bucket or segment, is passed over by index, from the bottom up.
 */

export type Landed = {
  /** What `beyond` refers to: the CTEs of the statement begin with these. */
  readonly ctes: SQL
  /** The `(created_at, id)` beyond which a kind's rows are still to come; null where the rows end before. */
  readonly beyond: (kind: Kind) => SQL
}

/** Lands so that row number `target` (0-based, from the newest; at least 1) is the next to come. */
export const landBefore = (filter: FilterSql, target: SQL): Landed =>
  landed(filter, located(filter, target, 'located'))

/** Lands on row number `target` itself: beyond it, from old to new, come those newer than it. */
export const landOn = (filter: FilterSql, target: SQL): Landed =>
  landed(
    filter,
    sql`${located(filter, target, 'holding')},
    located as (select bucket, rest - 1 as rest from holding)`,
  )

const located = (filter: FilterSql, target: SQL, name: Located): SQL =>
  filter.authorId ? locatedByDay(filter, target, name) : locatedByBucket(filter, target, name)

/** The bucket that holds the row, and how many rows from its bottom on lie up to that. */
type Located = 'located' | 'holding'

const landed = (filter: FilterSql, found: SQL): Landed => ({
  ctes: sql`${found},
    landed as materialized (${filter.authorId ? atTheBottom(filter) : inACrowd(filter)}),
    reached as materialized (${passedOver(filter)})`,
  beyond: (kind) =>
    sql.raw(`((select at from reached), (
              select case when kind = ${kindNumber(kind)} then id when kind < ${kindNumber(kind)} then ${highestId} else (${lowestId})::bigint end
              from reached))`),
})

/** Each kind's rows from the bottom of the bucket on; the row sought is number `rest` of them. */
const atTheBottom = (filter: FilterSql): SQL => sql`
      select kind, bucket as at, (${sql.raw(lowestId)})::bigint as id, rest from located, unnest(${kindArray(filter)}) as kind`

/** A quarter-hour is entered in its midst where it may be crowded. */
const inACrowd = (
  filter: FilterSql,
): SQL => sql`${atTheBottom(filter)} where rest <= rollup.crowd_size()
      union all
      select ${filter.classes ? sql`${kindLiteral('signup')}, at, crowd.id, crowd.rest` : sql.raw('crowd.*')} from located, rollup.crowd_position(${crowdArray(filter)}, bucket, located.rest) as crowd
      where located.rest > rollup.crowd_size()
    `

/** The last row that is passed over going down: going up, by the indexes alone, the one above the row sought. */
const passedOver = (filter: FilterSql): SQL => {
  const rest = sql.raw('(select min(rest) from landed)')
  const branches = ofEverySource(
    filter,
    (source) => {
      const from = (column: string) =>
        sql`(select ${sql.raw(column)} from landed where kind = ${kindLiteral(source.kind)})`
      return sql`(
        select ${kindLiteral(source.kind)} as kind, ${source.table.id} as id, ${source.table.createdAt} as created_at
        from ${source.table}
        where ${matchesFilter(source, filter)} and (${source.table.createdAt}, ${source.table.id}) >= (${from('at')}, ${from('id')})
        order by created_at, id limit ${rest} + 1)`
    },
    '\n        union all\n        ',
  )
  return sql`
      select created_at as at, kind, id from (${branches}) as merged
      order by ${byAge('oldest')} offset ${rest} limit 1
    `
}

const locatedByDay = (
  filter: FilterSql,
  target: SQL,
  name: Located,
): SQL => sql`target as materialized (select ${target} as rest),
    ${sql.raw(name)} as (
      select ${utc(sql`day`)} as bucket, (reached - (select rest from target))::bigint as rest
      from (
        select day, sum(n) over (order by day desc) as reached
        from (${authorDays(filter)}) as days
      ) as days
      where reached > (select rest from target) order by day desc limit 1
    )`

/** Pending rows are read once, and stand in a bucket of each span. */
const locatedByBucket = (
  filter: FilterSql,
  target: SQL,
  name: Located,
): SQL => sql`target as materialized (select ${target} as rest),
    pending as materialized (
      select bucket, sum(n)::bigint as n from ${pendingCounts} as pending where kind in (${kindList(filter)})${ofClasses(filter)} group by bucket
    ),
    month as (${level(filter, 'month', 'down', 'target')}),
    day as (${level(filter, 'day', 'up', 'month')}),
    ${sql.raw(name)} as (${level(filter, 'quarterHour', 'down', 'day')})`

/**
 * The bucket of that span inside the one of `top` that holds the row sought. Going down, `rest` of the rows of `top`
 * lie above it; going up, `rest` are those up to it.
 */
const level = (
  filter: FilterSql,
  span: Span,
  direction: 'down' | 'up',
  top: 'target' | 'month' | 'day',
): SQL => {
  const order = sql.raw(direction === 'down' ? 'bucket desc' : 'bucket')
  const of = (column: string) => sql.raw(`(select ${column} from ${top})`)
  const isInside =
    top === 'target' ? sql`true` : sql`bucket >= ${of('bucket')} and bucket < ${of('until')}`
  return sql`
      select bucket, ${nextBucket(span, sql`bucket`)} as until, (reached - ${of('rest')})::bigint as rest
      from (
        select bucket, sum(n) over (order by ${order}) as reached
        from (
          select bucket, ${bucketRows(filter)} as n from ${foldedBuckets} as folded
          where span = ${spanLiteral(span)} and ${isInside}
          union all
          select ${bucketOf(span)}, n from pending where ${isInside}
        ) as parts
      ) as running
      where reached ${sql.raw(direction === 'down' ? '>' : '>=')} ${of('rest')} order by ${order} limit 1
    `
}

const bucketOf = (span: Span): SQL =>
  span === 'quarterHour' ? sql.raw('bucket') : sql`date_trunc(${spanLiteral(span)}, bucket, 'UTC')`
