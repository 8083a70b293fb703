import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { activityKinds, type Kind, kinds, kindTable } from '../../db/rollup/kinds.ts'
import {
  currentBuckets,
  currentUserDays,
  foldedTotals,
  pendingCounts,
  quarterHourOf,
  type Span,
  spanLiteral,
} from '../../db/rollup/tables.ts'
import { users } from '../../db/schema.ts'
import { type FilterSql, isAsked, matchesFilter, ofEverySource } from './sources.ts'

/*
 * Counting rows of the feed, and locating one by its number, without reading the feed. For everyone's rows the rollup
 * counts are descended from months over days to quarter-hours; for one author's rows the days of `current_user_days` serve.
 */

/** The number of the filter's rows. */
export const countAll = (filter: FilterSql): SQL =>
  filter.authorId
    ? sql`(select coalesce(sum(n), 0)::bigint from (${authorDays(filter)}) as d)`
    : sql`(select coalesce(sum(n), 0)::bigint from (
        select ${foldedTotals.n} as n from ${foldedTotals} where ${foldedTotals.kind} = any(${filter.kinds}::smallint[])
        union all
        select ${pendingCounts.n} from ${pendingCounts} where ${pendingCounts.kind} = any(${filter.kinds}::smallint[])
      ) as both_parts)`

/** The number of the filter's rows created at `instant` or later. */
export const countSince = (filter: FilterSql, instant: SQLWrapper): SQL => {
  const at = sql`(${instant})::timestamptz`
  return filter.authorId
    ? sql`(
        (select coalesce(sum(n), 0) from (${authorDays(filter)}) as d where day > rollup.utc_day(${at}))
        + ${rowsBetween(filter, at, utc(sql`rollup.utc_day(${at}) + 1`))})::bigint`
    : sql`(
        ${bucketsBetween(filter, 'month', nextBucket('month', at), sql`'infinity'`)}
        + ${bucketsBetween(filter, 'day', nextBucket('day', at), nextBucket('month', at))}
        + ${bucketsBetween(filter, 'quarterHour', nextBucket('quarterHour', at), nextBucket('day', at))}
        + ${rowsBetween(filter, at, nextBucket('quarterHour', at))})::bigint`
}

/** Where a row lies: number `rest` (0-based) of those created before `until`, going from new to old. */
export type Located = {
  /** What the two below refer to: the CTEs of the statement begin with these. */
  readonly ctes: SQL
  /** Null where there is no such row. */
  readonly until: SQL
  /** 0 where there is no such row. */
  readonly rest: SQL
}

/** Locates row number `target` (0-based), going down from the newest. */
export const locateRow = (filter: FilterSql, target: SQL): Located => ({
  ctes: sql`target as (select ${target} as row_number),
    ${filter.authorId ? locatedByDay(filter) : locatedByBucket(filter)}`,
  until: sql`(select until from located)`,
  rest: sql`coalesce((select rest from located), 0)`,
})

const locatedByDay = (filter: FilterSql): SQL => sql`located as (
      select ${utc(sql`day + 1`)} as until, row_number - above as rest
      from (
        select day, n, sum(n) over (order by day desc) - n as above
        from (select day, sum(n) as n from (${authorDays(filter)}) as d group by day) as days
      ) as days, target
      where above <= row_number and row_number < above + n
    )`

const locatedByBucket = (filter: FilterSql): SQL =>
  sql.join(
    [
      level(filter, 'month', everything),
      level(filter, 'day', sql`${cteOf.month} as top`),
      level(filter, 'quarterHour', sql`${cteOf.day} as top`),
      sql`located as (select until, row_number - above as rest from ${cteOf.quarterHour}, target)`,
    ],
    sql`,\n    `,
  )

const everything = sql`(
      select '-infinity'::timestamptz as bucket, 'infinity'::timestamptz as until, 0 as above
    ) as top`

/** The CTE of each level. */
const cteOf: Readonly<Record<Span, SQL>> = {
  month: sql.raw('month'),
  day: sql.raw('day'),
  quarterHour: sql.raw('quarter_hour'),
}

/** A CTE: the bucket of that span inside `top` that holds the target, and the rows above it. */
const level = (filter: FilterSql, span: Span, top: SQL): SQL => sql`${cteOf[span]} as (
    select bucket, ${nextBucket(span, sql`bucket`)} as until, above
    from (
      select bucket, n, top_above + sum(n) over (order by bucket desc) - n as above
      from (
        select ${currentBuckets.bucket}, top.above as top_above, sum(${bucketRows(filter)}) as n
        from ${top}, ${currentBuckets}
        where ${currentBuckets.span} = ${spanLiteral(span)}
          and ${currentBuckets.bucket} >= top.bucket and ${currentBuckets.bucket} < top.until
        group by ${currentBuckets.bucket}, top.above
      ) as summed
    ) as running, target
    where above <= row_number and row_number < above + n
  )`

const bucketsBetween = (filter: FilterSql, span: Span, from: SQL, until: SQL): SQL => sql`
  (select coalesce(sum(${bucketRows(filter)}), 0) from ${currentBuckets}
    where ${currentBuckets.span} = ${spanLiteral(span)}
      and ${currentBuckets.bucket} >= ${from} and ${currentBuckets.bucket} < ${until})`

/** The filter's rows in a bucket. */
const bucketRows = (filter: FilterSql): SQL =>
  sql.join(
    kinds.map((kind) => ifAsked(filter, kind, currentBuckets[kindTable[kind].metric])),
    sql` + `,
  )

const ifAsked = (filter: FilterSql, kind: Kind, n: SQLWrapper): SQL =>
  sql`case when ${isAsked(filter, kind)} then ${n} else 0 end`

/** Counts rows of the tables themselves: only for stretches no longer than a rollup's finest bucket. */
const rowsBetween = (filter: FilterSql, from: SQL, until: SQL): SQL => sql`
  (select coalesce(sum(n), 0) from (
    ${ofEverySource(
      (
        source,
      ) => sql`select count(*) as n from ${source.table} where ${matchesFilter(source, filter)}
      and ${source.table.createdAt} >= ${from} and ${source.table.createdAt} < ${until}`,
      '\n    union all\n    ',
    )}
  ) as rows)`

/** One author's rows per UTC day; a day may stand in two rows. */
const authorDays = (filter: FilterSql): SQL => sql`
  select ${currentUserDays.day} as day,
    ${sql.join(
      activityKinds.map((kind) => ifAsked(filter, kind, currentUserDays[kindTable[kind].metric])),
      sql` + `,
    )} as n
  from ${currentUserDays} where ${currentUserDays.userId} = ${filter.authorId}::bigint
  union all
  select rollup.utc_day(${users.createdAt}), ${ifAsked(filter, 'signup', sql`1`)}
  from ${users} where ${users.id} = ${filter.authorId}::bigint and ${users.deletedAt} is null`

/** Where the bucket after the one that holds `instant` begins. */
const nextBucket = (span: Span, instant: SQL): SQL =>
  span === 'quarterHour'
    ? sql`${quarterHourOf(instant)} + interval '15 minutes'`
    : utc(
        sql`date_trunc(${spanLiteral(span)}, ${instant} at time zone 'UTC') + interval ${sql.raw(`'1 ${span}'`)}`,
      )

const utc = (local: SQL): SQL => sql`((${local})::timestamp at time zone 'UTC')`
