-- active_users
-- reads posts, comments, sessions
with active as (
  select date, coalesce(folded.daily, 0) + coalesce(sum(pending.daily) over (order by date), 0) as day, coalesce(folded.weekly, 0) + coalesce(sum(pending.weekly) over (order by date), 0) as week,
    coalesce(folded.monthly, 0) + coalesce(sum(pending.monthly) over (order by date), 0) as month
  from (select $1::date + number as date from generate_series(0, $2::date - $1::date) as number) as dates
  left join "rollup"."active_users" as folded
    on folded.day = date and folded.day between $1::date and $2::date
  left join (
    select greatest(day, $1::date) as day, sum(n) filter (where span = 1) as daily, sum(n) filter (where span = 7) as weekly,
      sum(n) filter (where span = 30) as monthly
    from "rollup"."pending_active" as steps where day <= $2::date group by 1
  ) as pending on pending.day = date)
select json_build_object('asOf', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'items', json_agg(active order by date))::text as body
from active
