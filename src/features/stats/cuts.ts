import { sql } from 'drizzle-orm'

/**
 * The CTE `cuts (cut)`: where the zone's clock begins a new hour, day, week or month, around the CTE `range (unit,
 * step, tz, since, until)`. What the clock shows twice begins the first time, hours both times; what it skips
 * begins where PostgreSQL places it, which is at the skip unless that comes earlier.
 */
export const cuts = sql`
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
  )`
