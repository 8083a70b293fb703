import { type SQL, sql } from 'drizzle-orm'
import { type Kind, kindLiteral, kindNumber, kinds } from '../../db/rollup/kinds.ts'
import { foldedBuckets, pendingCounts, type Span, spanLiteral } from '../../db/rollup/tables.ts'
import { authorDays, bucketRows, kindList, nextBucket, utc } from './counts.ts'
import { feedOrder } from './feed.ts'
import { highestId, lowestId } from './position.ts'
import { type FilterSql, matchesFilter, ofEverySource } from './sources.ts'

/*
 * Finding a row of the feed by its number. For everyone's rows the rollup counts are descended from months over days to
 * quarter-hours, and of a crowd its segments; for one author's rows the days of `current_user_days` serve. What is
 * left, the rows of one finest bucket or segment, is passed over by index.
 */

export type Landed = {
  /** What `beyond` refers to: the CTEs of the statement begin with these. */
  readonly ctes: SQL
  /** The `(created_at, id)` beyond which a kind's rows are still to come; null where the feed ends before. */
  readonly beyond: (kind: Kind) => SQL
}

/** Lands so that row number `target` (0-based, from the newest) is the next to come. */
export const landBefore = (filter: FilterSql, target: SQL): Landed => ({
  ctes: sql`target as (select ${target} as row_number),
    ${filter.authorId ? locatedByDay(filter) : locatedByBucket(filter)},
    landed as materialized (${filter.authorId ? atTheTop : inACrowd(filter)}),
    reached as materialized (${passedOver(filter)})`,
  beyond: (kind) => beyond('reached', kind),
})

/** As of a cursor: of the rows at its instant its own kind's lie beyond its id, a later kind's beyond it altogether. */
const beyond = (position: 'landed' | 'reached', kind: Kind): SQL =>
  sql.raw(`((select at from ${position}), (
              select case when kind = ${kindNumber(kind)} then id when kind < ${kindNumber(kind)} then ${highestId} else (${lowestId})::bigint end
              from ${position}))`)

/** A bucket's top: the rows before `until`, whatever their kind. */
const atTheTop = sql.raw(
  `select until as at, ${Math.max(...kinds.map(kindNumber))}::smallint as kind, (${lowestId})::bigint as id, rest from located`,
)

/** A crowded quarter-hour is entered at a position near the row. */
const inACrowd = (filter: FilterSql): SQL => sql`
      ${atTheTop} where n <= rollup.crowd_size()
      union all
      select crowd.* from located, rollup.crowd_position(array[${kindList(filter)}]::smallint[], bucket, located.rest) as crowd
      where n > rollup.crowd_size()
    `

/** The last row that is passed over, by the indexes alone; where there is none, where one landed. */
const passedOver = (filter: FilterSql): SQL => {
  const rest = sql.raw('(select coalesce(min(rest), 0) from landed)')
  const branches = ofEverySource(
    filter,
    (source) => sql`(
        select ${kindLiteral(source.kind)} as kind, ${source.table.id} as id, ${source.table.createdAt} as created_at
        from ${source.table}
        where ${matchesFilter(source, filter)} and (${source.table.createdAt}, ${source.table.id}) < ${beyond('landed', source.kind)}
        order by created_at desc, id desc limit ${rest})`,
    '\n        union all\n        ',
  )
  return sql`
      select at, kind, id from landed where rest = 0
      union all
      (select created_at, kind, id from (${branches}) as merged
      order by ${feedOrder('next')} offset greatest(${rest} - 1, 0) limit least(${rest}, 1))
    `
}

const locatedByDay = (filter: FilterSql): SQL => sql`located as (
      select ${utc(sql`day + 1`)} as until, row_number - above as rest
      from (
        select day, n, sum(n) over (order by day desc) - n as above
        from (select day, sum(n) as n from (${authorDays(filter)}) as d group by day) as days
      ) as days, target
      where above <= row_number and row_number < above + n
    )`

/** Pending rows are read once, and stand in a bucket of each span. */
const locatedByBucket = (filter: FilterSql): SQL => sql`pending as materialized (
      select bucket, sum(n) as n from ${pendingCounts} as pending where kind in (${kindList(filter)}) group by bucket
    ),
    ${level(filter, 'month', sql`(select '-infinity'::timestamptz as bucket, 'infinity'::timestamptz as until, 0 as above)`)},
    ${level(filter, 'day', cteOf.month)},
    ${level(filter, 'quarterHour', cteOf.day)},
    located as (select bucket, until, n, (row_number - above)::bigint as rest from ${cteOf.quarterHour}, target)`

/** The CTE of each level. */
const cteOf: Readonly<Record<Span, SQL>> = {
  month: sql.raw('month'),
  day: sql.raw('day'),
  quarterHour: sql.raw('quarter_hour'),
}

/** A CTE: the bucket of that span inside `top` that holds the target, its rows, and the rows above it. */
const level = (filter: FilterSql, span: Span, top: SQL): SQL => sql`${cteOf[span]} as (
      select bucket, ${nextBucket(span, sql`bucket`)} as until, n, above
      from (
        select bucket, n, top_above + sum(n) over (order by bucket desc) - n as above
        from (
          select parts.bucket, min(top.above) as top_above, sum(parts.n) as n
          from ${top} as top, lateral (
            select bucket, ${bucketRows(filter)} as n from ${foldedBuckets} as folded
            where span = ${spanLiteral(span)} and bucket >= top.bucket and bucket < top.until
            union all
            select ${bucketOf(span)}, n from pending where bucket >= top.bucket and bucket < top.until
          ) as parts
          group by parts.bucket
        ) as summed
      ) as running, target
      where above <= row_number and row_number < above + n
    )`

const bucketOf = (span: Span): SQL =>
  span === 'quarterHour' ? sql.raw('bucket') : sql`date_trunc(${spanLiteral(span)}, bucket, 'UTC')`
