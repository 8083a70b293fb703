-- dashboard_stats
-- reads users, posts, comments, sessions
with asked as materialized (
  select today, today + interval '1 day' as tomorrow,
    today - (days - 1) * interval '1 day' as first,
    today - (2 * days - 1) * interval '1 day' as before
  from (select (select date_trunc('day', now(), 'UTC')) as today, $1::integer as days) as window_of
),
counted as (
  select kind, bucket, n
  from asked, "rollup"."counts" as days, lateral (values (0, posts), (1, comments), (2, signups), (3, sessions)) as columns (kind, n)
  where span = 'day' and bucket >= before and bucket < tomorrow
  union all
  select kind, bucket, n from "rollup"."pending_counts" as pending
),
recent as (
  select kind,
    sum(n) filter (where bucket >= asked.today and bucket < tomorrow) as today,
    sum(n) filter (where bucket >= first and bucket < tomorrow) as current,
    sum(n) filter (where bucket >= before and bucket < first) as previous
  from counted, asked group by kind
),
per_table as (
  select rank, name, totals.n as total, coalesce(today, 0) as today, coalesce(current, 0) as current,
    coalesce(previous, 0) as previous
  from (values (1, 'users', 2), (2, 'posts', 0), (3, 'comments', 1), (4, 'sessions', 3)) as tables (rank, name, kind) join "rollup"."current_totals" as totals using (kind) left join recent using (kind)
)
select json_build_object(
  'asOf', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
  'totals', json_object_agg(name, total order by rank),
  'active', (
    select json_build_object('now', (
      select count(*) from "sessions"
      where deleted_at is null and last_seen_at >= now() - interval '5 minutes'), 'day', day, 'week', week, 'month', month)
    from (
      select date, coalesce(folded.daily, 0) + coalesce(sum(pending.daily) over (order by date), 0) as day, coalesce(folded.weekly, 0) + coalesce(sum(pending.weekly) over (order by date), 0) as week,
        coalesce(folded.monthly, 0) + coalesce(sum(pending.monthly) over (order by date), 0) as month
      from (select (select (now() at time zone 'UTC')::date) + number as date from generate_series(0, (select (now() at time zone 'UTC')::date) - (select (now() at time zone 'UTC')::date)) as number) as dates
      left join "rollup"."active_users" as folded
        on folded.day = date and folded.day between (select (now() at time zone 'UTC')::date) and (select (now() at time zone 'UTC')::date)
      left join (
        select greatest(day, (select (now() at time zone 'UTC')::date)) as day, sum(n) filter (where span = 1) as daily, sum(n) filter (where span = 7) as weekly,
          sum(n) filter (where span = 30) as monthly
        from "rollup"."pending_active" as steps where day <= (select (now() at time zone 'UTC')::date) group by 1
      ) as pending on pending.day = date) as active
  ),
  'new', json_build_object(
    'today', json_object_agg(name, today order by rank),
    'window', json_object_agg(name, current order by rank),
    'previous', json_object_agg(name, previous order by rank),
    'changePct', json_object_agg(name, round(100.0 * (current - previous) / nullif(previous, 0), 2) order by rank)
  )
)::text as body
from per_table
