-- verify_user_activity
-- reads posts, comments, sessions
select 'user_activity' as rollup,
  count(*) as entries,
  count(*) filter (where differs) as drift,
  to_json(coalesce((array_agg(key || ': ' || coalesce(stored, 'nothing') || ', recounted ' || coalesce(expected, 'nothing'))
    filter (where differs))[:3], '{}')) as examples
from (
  select key, s.value as stored, e.value as expected, s.value is distinct from e.value as differs
  from (select user_id::text as key, days::text as value from rollup.user_activity where days <> 0) as s (key, value)
    full join (select user_id::text, count(distinct rollup.utc_day(created_at))::text
      from (
        select 0 as kind, "posts"."created_at" as created_at, "posts"."author_id" as user_id
        from "posts" where "posts"."deleted_at" is null
        union all
        select 1 as kind, "comments"."created_at" as created_at, "comments"."author_id" as user_id
        from "comments" where "comments"."deleted_at" is null
        union all
        select 2 as kind, "users"."created_at" as created_at, null as user_id
        from "users" where "users"."deleted_at" is null
        union all
        select 3 as kind, "sessions"."created_at" as created_at, "sessions"."user_id" as user_id
        from "sessions" where "sessions"."deleted_at" is null
      ) as live where user_id is not null group by user_id) as e (key, value) using (key)
) as compared
