import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { users } from '../schema.ts'
import { activityKinds, type Kind, kindLiteral, kindTable, type Metric } from './kinds.ts'
import { type FilterSql, matchesFilter, ofEverySource } from './sources.ts'
import {
  currentUserDays,
  foldedBuckets,
  foldedTotals,
  pendingCounts,
  quarterHourOf,
  type Span,
  spanLiteral,
} from './tables.ts'
import { crowdNumber, isSignupOf, signupsOf } from './user-classes.ts'

/*
 * Counting rows without reading them: for everyone's rows by the rollup counts, for one author's by the
 * days of `current_user_days`. Pending rows are read once for each count.
 */

/** The number of the filter's rows. */
export const countAll = (filter: FilterSql): SQL =>
  filter.authorId
    ? sql`(select coalesce(sum(n), 0)::bigint from (${authorDays(filter)}) as d)`
    : sql`(select coalesce(sum(n), 0)::bigint from (
        ${
          filter.classes
            ? sql`select ${bucketRows(filter)} as n from ${foldedBuckets} where span = ${spanLiteral('month')}`
            : sql`select ${foldedTotals.n} as n from ${foldedTotals} where ${foldedTotals.kind} in (${kindList(filter)})`
        }
        union all
        select n from ${filter.pending ?? pendingCounts} where kind in (${kindList(filter)})${ofClasses(filter)}
      ) as both_parts)`

/** The number of the filter's rows created at `instant` or later. */
export const countSince = (filter: FilterSql, instant: SQLWrapper): SQL => {
  const at = sql`(${instant})::timestamptz`
  return filter.authorId
    ? sql`(
        (select coalesce(sum(n), 0) from (${authorDays(filter)}) as d where day > rollup.utc_day(${at}))
        + (${rowsBetween(filter, at, () => sql`(${utc(sql`rollup.utc_day(${at}) + 1`)}, ${lowest})`)}))::bigint`
    : sql`(
        (select coalesce(sum(n), 0) from (
          ${foldedBetween(filter, 'month', nextBucket('month', at), sql`'infinity'`)}
          union all
          ${foldedBetween(filter, 'day', nextBucket('day', at), nextBucket('month', at))}
          union all
          ${foldedBetween(filter, 'quarterHour', nextBucket('quarterHour', at), nextBucket('day', at))}
          union all
          select n from ${pendingCounts} as pending
          where kind in (${kindList(filter)})${ofClasses(filter)} and bucket >= ${nextBucket('quarterHour', at)}
        ) as whole_buckets)
        + ${restOfQuarterHour(filter, at)})::bigint`
}

/** The number of the filter's rows created later than `instant`: PostgreSQL counts whole microseconds. */
export const countAfter = (filter: FilterSql, instant: SQLWrapper): SQL =>
  countSince(filter, sql`${instant}::timestamptz + interval '1 microsecond'`)

/**
 * Rows from the instant to the end of its quarter-hour: whole segments of a crowd, and what lies before the first of
 * them. Where there are none, no function is called.
 */
const restOfQuarterHour = (filter: FilterSql, at: SQL): SQL => {
  const bucket = quarterHourOf(at)
  const crowds = crowdList(filter)
  const before = (kind: Kind) => {
    const crowd = filter.classes ? crowds : kindLiteral(kind)
    const of = (column: string, otherwise: SQL) =>
      sql`coalesce((select ${sql.raw(column)} from whole where kind = ${crowd}), ${otherwise})`
    return sql`(${of('at', nextBucket('quarterHour', at))}, ${of('id', lowest)})`
  }
  return sql`(
          with whole as materialized (
            select whole.* from rollup.crowd_since(${crowdArray(filter)}, ${bucket}, ${at}) as whole
            where exists (select from rollup.segments where kind in (${crowds}) and bucket = ${bucket})
          )
          select (select coalesce(sum(n), 0) from whole) + (${rowsBetween(filter, at, before)}))`
}

const lowest = sql.raw('(-9223372036854775808)::bigint')

const foldedBetween = (filter: FilterSql, span: Span, from: SQL, until: SQL): SQL => sql`
          select ${bucketRows(filter)} as n from ${foldedBuckets} as folded
          where span = ${spanLiteral(span)} and bucket >= ${from} and bucket < ${until}`

/** The filter's rows in a bucket, from its columns. */
export const bucketRows = ({ kinds, classes }: FilterSql): SQL =>
  classes ? signupsOf(classes) : sumOf(kinds)

/** Of pending rows, those of the classes asked for. */
export const ofClasses = ({ classes }: FilterSql): SQL =>
  classes ? sql` and ${isSignupOf(classes, sql.raw('flags'))}` : sql.empty()

/** The kinds' numbers as literals. */
export const kindList = (filter: FilterSql): SQL => sql.join(filter.kinds.map(kindLiteral), sql`, `)
export const kindArray = (filter: FilterSql): SQL => sql`array[${kindList(filter)}]::smallint[]`

/** The numbers that crowds of the filter's rows have: users of some classes have crowds of their own. */
const crowdList = (filter: FilterSql): SQL =>
  filter.classes ? sql.raw(String(crowdNumber(filter.classes))) : kindList(filter)
export const crowdArray = (filter: FilterSql): SQL => sql`array[${crowdList(filter)}]::smallint[]`

const metricOf = (kind: Kind): Metric => kindTable[kind].metric
const sumOf = (kinds: readonly Kind[]): SQL =>
  kinds.length === 0 ? sql.raw('0') : sql.raw(kinds.map(metricOf).join(' + '))

/** Counts rows of the tables themselves: only for stretches no longer than a rollup's finest bucket. */
const rowsBetween = (filter: FilterSql, from: SQL, until: (kind: Kind) => SQL): SQL => sql`
          select coalesce(sum(n), 0) from (
            ${ofEverySource(
              filter,
              (
                source,
              ) => sql`select count(*) as n from ${source.table} where ${matchesFilter(source, filter)}
              and ${source.table.createdAt} >= ${from} and (${source.table.createdAt}, ${source.table.id}) < ${until(source.kind)}`,
              '\n            union all\n            ',
            )}
          ) as rows`

/** One author's rows per UTC day; a day may stand in two rows. */
export const authorDays = (filter: FilterSql): SQL => {
  const days = sql`
          select day, ${sumOf(activityKinds.filter((kind) => filter.kinds.includes(kind)))} as n
          from ${currentUserDays} as days where user_id = ${filter.authorId}::bigint`
  return filter.kinds.includes('signup')
    ? sql`${days}
          union all
          select rollup.utc_day(${users.createdAt}), 1
          from ${users} where ${users.id} = ${filter.authorId}::bigint and ${users.deletedAt} is null`
    : days
}

/** Where the bucket after the one that holds `instant` begins. */
export const nextBucket = (span: Span, instant: SQL): SQL =>
  span === 'quarterHour'
    ? sql`${quarterHourOf(instant)} + interval '15 minutes'`
    : utc(
        sql`date_trunc(${spanLiteral(span)}, ${instant} at time zone 'UTC') + interval ${sql.raw(`'1 ${span}'`)}`,
      )

export const utc = (local: SQL): SQL => sql`((${local})::timestamp at time zone 'UTC')`
