import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import {
  currentBuckets,
  foldedTotals,
  type Kind,
  pendingCounts,
  userDays,
} from '../../db/rollup/tables.ts'
import { users } from '../../db/schema.ts'
import { type FilterSql, kindLiteral, matchesFilter, ofEverySource } from './sources.ts'

/*
 * Counting and seeking in the feed without reading it. For everyone's rows the rollup counts are descended from
 * months over days to quarter-hours; for one author's rows the days of `user_days` serve.
 */

/** The number of the part's rows. */
export const countAll = (part: FilterSql): SQL =>
  part.authorId
    ? sql`(select coalesce(sum(n), 0)::bigint from (${authorDays(part)}) as d)`
    : sql`(select coalesce(sum(n), 0)::bigint from (
        select ${foldedTotals.n} as n from ${foldedTotals} where ${foldedTotals.kind} = any(${part.kinds}::smallint[])
        union all
        select ${pendingCounts.n} from ${pendingCounts} where ${pendingCounts.kind} = any(${part.kinds}::smallint[])
      ) as both_parts)`

/** The number of the part's rows created at `instant` or later. */
export const countSince = (part: FilterSql, instant: SQLWrapper): SQL => {
  const at = sql`(${instant})::timestamptz`
  return part.authorId
    ? sql`(
        (select coalesce(sum(n), 0) from (${authorDays(part)}) as d where day > rollup.utc_day(${at}))
        + ${rowsBetween(part, at, utc(sql`rollup.utc_day(${at}) + 1`))})::bigint`
    : sql`(
        ${bucketsBetween(part, 'month', nextBucket('month', at), sql`'infinity'`)}
        + ${bucketsBetween(part, 'day', nextBucket('day', at), nextBucket('month', at))}
        + ${bucketsBetween(part, 'quarter', nextBucket('quarter', at), nextBucket('day', at))}
        + ${rowsBetween(part, at, nextBucket('quarter', at))})::bigint`
}

/**
 * The CTE `seek (until, rest)`: going down the part from its newest row, row number `target` (0-based) is number
 * `rest` of those created before `until`. No row where the part has no such row.
 */
export const locateRow = (part: FilterSql, target: SQL): SQL =>
  part.authorId
    ? sql`
      target as (select ${target} as row_number),
      seek as (
        select ${utc(sql`day + 1`)} as until, row_number - above as rest
        from (
          select day, n, sum(n) over (order by day desc) - n as above
          from (select day, sum(n) as n from (${authorDays(part)}) as d group by day) as days
        ) as days, target
        where above <= row_number and row_number < above + n
      )`
    : sql`
      target as (select ${target} as row_number),
      ${level(part, 'month', sql`(select '-infinity'::timestamptz as bucket, 'infinity'::timestamptz as until, 0 as above) as top`)},
      ${level(part, 'day', sql`month as top`)},
      ${level(part, 'quarter', sql`day as top`)},
      seek as (select until, row_number - above as rest from quarter, target)`

type Span = 'month' | 'day' | 'quarter'

/** The CTE named as its span: the bucket of that span inside `top` that holds the target, and the rows above it. */
const level = (part: FilterSql, span: Span, top: SQL): SQL => sql`
  ${sql.raw(span)} as (
    select bucket, ${nextBucket(span, sql`bucket`)} as until, above
    from (
      select bucket, n, top_above + sum(n) over (order by bucket desc) - n as above
      from (
        select ${currentBuckets.bucket}, top.above as top_above, sum(${bucketRows(part)}) as n
        from ${top}, ${currentBuckets}
        where ${currentBuckets.span} = ${sql.raw(`'${span}'`)}
          and ${currentBuckets.bucket} >= top.bucket and ${currentBuckets.bucket} < top.until
        group by ${currentBuckets.bucket}, top.above
      ) as summed
    ) as running, target
    where above <= row_number and row_number < above + n
  )`

const bucketsBetween = (part: FilterSql, span: Span, from: SQL, until: SQL): SQL => sql`
  (select coalesce(sum(${bucketRows(part)}), 0) from ${currentBuckets}
    where ${currentBuckets.span} = ${sql.raw(`'${span}'`)}
      and ${currentBuckets.bucket} >= ${from} and ${currentBuckets.bucket} < ${until})`

/** The part's rows in a bucket. */
const bucketRows = (part: FilterSql): SQL =>
  sql.join(
    [
      ifAsked(part, 'post', currentBuckets.posts),
      ifAsked(part, 'comment', currentBuckets.comments),
      ifAsked(part, 'signup', currentBuckets.signups),
      ifAsked(part, 'session', currentBuckets.sessions),
    ],
    sql` + `,
  )

const ifAsked = (part: FilterSql, kind: Kind, column: SQLWrapper): SQL =>
  sql`case when ${kindLiteral(kind)} = any(${part.kinds}::smallint[]) then ${column} else 0 end`

/** Counts rows of the tables themselves: only for stretches no longer than a rollup's finest bucket. */
const rowsBetween = (part: FilterSql, from: SQL, until: SQL): SQL => sql`
  (select coalesce(sum(n), 0) from (${ofEverySource(
    (source) => sql`select count(*) as n from ${source.table} where ${matchesFilter(source, part)}
      and ${source.table.createdAt} >= ${from} and ${source.table.createdAt} < ${until}`,
    'union all',
  )}) as rows)`

/** One author's rows per UTC day; a day may stand in two rows. */
const authorDays = (part: FilterSql): SQL => sql`
  select ${userDays.day} as day,
    ${ifAsked(part, 'post', userDays.posts)} + ${ifAsked(part, 'comment', userDays.comments)}
      + ${ifAsked(part, 'session', userDays.sessions)} as n
  from ${userDays} where ${userDays.userId} = ${part.authorId}::bigint
  union all
  select rollup.utc_day(${users.createdAt}), ${ifAsked(part, 'signup', sql`1`)}
  from ${users} where ${users.id} = ${part.authorId}::bigint and ${users.deletedAt} is null`

/** Where the bucket after the one that holds `instant` begins. */
const nextBucket = (span: Span, instant: SQL): SQL =>
  span === 'quarter'
    ? sql`rollup.quarter(${instant}) + interval '15 minutes'`
    : utc(
        sql`date_trunc(${sql.raw(`'${span}'`)}, ${instant} at time zone 'UTC') + interval ${sql.raw(`'1 ${span}'`)}`,
      )

const utc = (local: SQL): SQL => sql`((${local})::timestamp at time zone 'UTC')`
