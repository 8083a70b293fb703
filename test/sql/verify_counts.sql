-- verify_counts
-- reads posts, comments, users, sessions
select 'counts' as rollup,
  count(*) as entries,
  count(*) filter (where differs) as drift,
  to_json(coalesce((array_agg(key || ': ' || coalesce(stored, 'nothing') || ', recounted ' || coalesce(expected, 'nothing'))
    filter (where differs))[:3], '{}')) as examples
from (
  select key, s.value as stored, e.value as expected, s.value is distinct from e.value as differs
  from (select concat_ws(' ', counted, span, bucket) as key, sum(n)::text as value
    from rollup.current_buckets, lateral (values ('posts', posts), ('comments', comments), ('signups', signups), ('sessions', sessions), ('inactive', inactive), ('admins', admins), ('inactive_admins', inactive_admins)) as counts (counted, n)
    group by counted, span, bucket having sum(n) <> 0) as s (key, value)
    full join (select concat_ws(' ', counted, span, bucket), sum(n)::text
      from (
        select counted, span,
          date_trunc(case span when 'quarter' then 'minute' else span::text end, quarter_hour, 'UTC') as bucket, n
        from (select counted, rollup.quarter(created_at) as quarter_hour, count(*) as n from (
          select 'posts' as counted, "posts"."created_at" as created_at from "posts" where "posts"."deleted_at" is null
          union all
          select 'comments' as counted, "comments"."created_at" as created_at from "comments" where "comments"."deleted_at" is null
          union all
          select 'signups' as counted, "users"."created_at" as created_at from "users" where "users"."deleted_at" is null
          union all
          select 'sessions' as counted, "sessions"."created_at" as created_at from "sessions" where "sessions"."deleted_at" is null
          union all
          select counted, "users"."created_at" from "users", unnest(array[
            case when not "users"."is_active" then 'inactive' end, case when "users"."is_admin" then 'admins' end,
            case when not "users"."is_active" and "users"."is_admin" then 'inactive_admins' end
            ]) as counted where "users"."deleted_at" is null and counted is not null
        ) as live group by 1, 2) as q,
          unnest(enum_range(null::rollup.span)) as span
      ) as spans
      group by counted, span, bucket) as e (key, value) using (key)
) as compared
