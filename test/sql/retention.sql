-- retention
-- reads posts, comments, users, sessions
with asked as materialized (
  select coalesce($1::date, greatest(last - interval '11 months', '0001-01-01')::date) as first,
    last, present, ($2::integer - 1) * interval '1 month' as length
  from (select rollup.month_of(rollup.utc_day(now())) as present) as clock, coalesce($3::date, present) as last
),
cohorts as materialized (
  select month::date as cohort from asked, generate_series(first::timestamp, last::timestamp, interval '1 month') as month
),
counted as (
  select cohort, month, n, 0 as size from asked, "rollup"."retention" as folded
  where cohort between first and last and month <= cohort + length and month <= present
  union all
  select cohort, month, n, 0 from asked, "rollup"."pending_retention" as pending
  where cohort between first and last and month <= cohort + length and month <= present
  union all
  select cohort, month::date, 0, 0
  from asked, cohorts, generate_series(cohort::timestamp, least(cohort + length, present::timestamp), interval '1 month') as month
  union all
  select cohort, null, 0, 0 from cohorts
  union all
  select rollup.month_of(rollup.utc_day(bucket)), null, 0, signups from asked, "rollup"."counts" as folded
  where span = 'month' and bucket >= first::timestamp at time zone 'UTC' and bucket <= last::timestamp at time zone 'UTC'
  union all
  select cohort, null, 0, n
  from asked, (select rollup.month_of(rollup.utc_day(bucket)) as cohort, n from "rollup"."pending_counts" as pending where kind = 2) as signups
  where cohort between first and last
),
cells as (select cohort, month, sum(n) as n, sum(size) as size from counted group by 1, 2),
items as (
  select cohort, sum(size) as size,
    coalesce(json_agg(n order by month) filter (where month is not null), '[]') as active,
    coalesce(json_agg(month < present order by month) filter (where month is not null), '[]') as complete
  from cells, asked group by cohort
)
select json_build_object('asOf', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'items', coalesce(json_agg(json_build_object(
  'cohort', to_char(cohort::timestamp, 'YYYY-MM'), 'size', size, 'active', active, 'complete', complete
) order by cohort), '[]'))::text as body
from items
