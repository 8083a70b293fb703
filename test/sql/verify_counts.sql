-- verify_counts
-- reads posts, comments, users, sessions
select 'counts' as rollup,
  count(*) as entries,
  count(*) filter (where differs) as drift,
  to_json(coalesce((array_agg(key || ': ' || coalesce(stored, 'nothing') || ', recounted ' || coalesce(expected, 'nothing'))
    filter (where differs))[:3], '{}')) as examples
from (
  select key, s.value as stored, e.value as expected, s.value is distinct from e.value as differs
  from (select concat_ws(' ', kind, span, bucket) as key, sum(n)::text as value from rollup.current_counts
    group by kind, span, bucket having sum(n) <> 0) as s (key, value)
    full join (select concat_ws(' ', kind, span, bucket), sum(n)::text
      from (
        select kind, span,
          date_trunc(case span when 'quarter' then 'minute' else span::text end, quarter_hour, 'UTC') as bucket, n
        from (select kind, rollup.quarter(created_at) as quarter_hour, count(*) as n from (
          select 0 as kind, "posts"."id" as id, "posts"."created_at" as created_at, "posts"."author_id" as user_id
          from "posts" where "posts"."deleted_at" is null
          union all
          select 1 as kind, "comments"."id" as id, "comments"."created_at" as created_at, "comments"."author_id" as user_id
          from "comments" where "comments"."deleted_at" is null
          union all
          select 2 as kind, "users"."id" as id, "users"."created_at" as created_at, null as user_id
          from "users" where "users"."deleted_at" is null
          union all
          select 3 as kind, "sessions"."id" as id, "sessions"."created_at" as created_at, "sessions"."user_id" as user_id
          from "sessions" where "sessions"."deleted_at" is null
        ) as live group by 1, 2) as q,
          unnest(enum_range(null::rollup.span)) as span
      ) as spans
      group by kind, span, bucket) as e (key, value) using (key)
) as compared
