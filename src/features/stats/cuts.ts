import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'

export type CutsAsked = {
  /** hour, day, week or month. */
  readonly interval: SQLWrapper
  /** The IANA name of a time zone. */
  readonly tz: SQLWrapper
  /** Instants. Null for `buckets` buckets, and for the end of the current one. */
  readonly from: SQLWrapper
  readonly to: SQLWrapper
  readonly buckets: SQLWrapper
}

export type Cuts = {
  /** What `bounds` refers to: CTEs of the statement. */
  readonly ctes: SQL
  /**
   * A select of one row: where the buckets start, in order, and the edges between which rows count, one more. The
   * first edge is `from`, the last `to`; without buckets both are null.
   */
  readonly bounds: SQL
}

/**
 * Where the zone's clock begins a new hour, day, week or month. What the clock shows twice begins the first time, hours
 * both times; what it skips begins where PostgreSQL places it, which is at the skip unless that comes earlier.
 */
export const cutsOf = ({ interval, tz, from, to, buckets }: CutsAsked): Cuts => ({
  ctes: sql`
    asked as (
      select ${interval}::text as unit, ('1 ' || ${interval}::text)::interval as step,
        ${tz}::text as tz, ${from}::timestamptz as since, ${to}::timestamptz as until,
        ${buckets}::integer as buckets
    ),
    range as materialized (
      select unit, step, tz,
        coalesce(since, (last - (buckets - 1) * step) at time zone tz) as since,
        coalesce(until, (last + step) at time zone tz) as until
      from asked, date_trunc(unit, coalesce(until - interval '1 microsecond', now()) at time zone tz) as last
    ),
    marks as materialized (
      select shown, shown at time zone tz as late
      from range, generate_series(
        date_trunc(unit, since at time zone tz - interval '1 day'),
        until at time zone tz + interval '1 day', step) as shown
    ),
    begun as materialized (
      select shown, late,
        late - interval '1 day' + (shown - (late - interval '1 day') at time zone tz) as early
      from marks, range
    ),
    cuts as materialized (
      select case when early < late and early at time zone tz = shown then early else late end as cut
      from begun, range
      union
      select late from begun, range where unit = 'hour'
    )`,
  bounds: sql`
        select array_agg(cut order by cut), array_agg(greatest(cut, since) order by cut) || min(until)
        from cuts, range
        where cut >= (select max(cut) from cuts, range where cut <= since)
          and cut < until and since < until`,
})
