-- trends
-- reads posts, comments, users, sessions
with
asked as (
  select $1::text as unit, ('1 ' || $1::text)::interval as step,
    $2::text as tz, $3::timestamptz as since, $4::timestamptz as until,
    $5::integer as buckets
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
),
edges as materialized (
  select starts, edge,
    array(select rollup.quarter(at) from unnest(edge) as at order by at) as quarter_hour,
    array(select date_trunc('day', at + interval '12 hours', 'UTC') from unnest(edge) as at order by at) as midnight
  from (
    select array_agg(cut order by cut), array_agg(greatest(cut, since) order by cut) || min(until)
    from cuts, range
    where cut >= (select max(cut) from cuts, range where cut <= since)
      and cut < until and since < until) as bounds (starts, edge)
),
counted as (
  select width_bucket(bucket, midnight) as number, posts, comments, signups, sessions
  from edges, "rollup"."counts" as days
  where span = 'day' and bucket >= midnight[1] and bucket < midnight[cardinality(midnight)]
  union all
  select number, sign * posts, sign * comments, sign * signups, sign * sessions
  from (
    select low, high, width_bucket(low, quarter_hour) as fine, width_bucket(low, midnight) as coarse
    from edges, lateral (
      select at as low, lead(at) over (order by at) as high
      from (select unnest(quarter_hour) as at union select unnest(midnight)) as ends
    ) as stretch
    where high is not null
      and width_bucket(low, quarter_hour) <> width_bucket(low, midnight) offset 0) as stretches, lateral (
        select sum(posts) as posts, sum(comments) as comments, sum(signups) as signups, sum(sessions) as sessions
        from "rollup"."counts" as quarter_hours
        where span = 'quarter' and bucket >= low and bucket < high offset 0) as counted,
  lateral (values (fine, 1), (coarse, -1)) as move (number, sign)
  union all
  select number, sign * posts, sign * comments, sign * signups, sign * sessions
  from (
    select low, high, width_bucket(low, edge) as fine, width_bucket(low, quarter_hour) as coarse
    from edges, lateral (
      select at as low, lead(at) over (order by at) as high
      from (select unnest(edge) as at union select unnest(quarter_hour)) as ends
    ) as stretch
    where high is not null
      and width_bucket(low, edge) <> width_bucket(low, quarter_hour) offset 0) as stretches, lateral (
        select (
          select count(*) from "posts"
          where 0 = any($6::smallint[]) and deleted_at is null and created_at >= low and created_at < high) as posts, (
            select count(*) from "comments"
            where 1 = any($6::smallint[]) and deleted_at is null and created_at >= low and created_at < high) as comments, (
              select count(*) from "users"
              where 2 = any($6::smallint[]) and deleted_at is null and created_at >= low and created_at < high) as signups, (
                select count(*) from "sessions"
                where 3 = any($6::smallint[]) and deleted_at is null and created_at >= low and created_at < high) as sessions offset 0) as counted,
  lateral (values (fine, 1), (coarse, -1)) as move (number, sign)
  union all
  select width_bucket(bucket, quarter_hour), case kind when 0 then n end, case kind when 1 then n end, case kind when 2 then n end, case kind when 3 then n end
  from edges, "rollup"."pending_counts" as pending
  where bucket >= quarter_hour[1] and bucket < quarter_hour[cardinality(quarter_hour)]
),
sums as (
  select number, sum(posts) as posts, sum(comments) as comments, sum(signups) as signups, sum(sessions) as sessions
  from counted group by number
)
select case when count(*) <= 1000 then json_build_object(
  'asOf', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'items', coalesce(json_agg(json_strip_nulls(json_build_object(
    'start', to_char(start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'posts', case when 0 = any($6::smallint[]) then coalesce(posts, 0) end, 'comments', case when 1 = any($6::smallint[]) then coalesce(comments, 0) end, 'signups', case when 2 = any($6::smallint[]) then coalesce(signups, 0) end, 'sessions', case when 3 = any($6::smallint[]) then coalesce(sessions, 0) end
  )) order by start), '[]')
)::text end as body
from edges, unnest(starts) with ordinality as buckets (start, number)
left join sums using (number)
