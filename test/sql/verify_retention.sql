-- verify_retention
-- reads posts, comments, users, sessions
select 'retention' as rollup,
  count(*) as entries,
  count(*) filter (where differs) as drift,
  to_json(coalesce((array_agg(key || ': ' || coalesce(stored, 'nothing') || ', recounted ' || coalesce(expected, 'nothing'))
    filter (where differs))[:3], '{}')) as examples
from (
  select key, s.value as stored, e.value as expected, s.value is distinct from e.value as differs
  from (select concat_ws(' ', cohort, month) as key, sum(n)::text as value
    from (
      select cohort, month, n from rollup.retention
      union all
      select cohort, month, n from rollup.pending_retention
    ) as both_parts
    group by cohort, month having sum(n) <> 0) as s (key, value)
    full join (select concat_ws(' ', date_trunc('month', signup.created_at at time zone 'UTC')::date, month), count(*)::text
      from (
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
      ) as signup join (
        select distinct user_id, date_trunc('month', created_at at time zone 'UTC')::date as month from (
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
        ) as live
      ) as active on active.user_id = signup.id
      where signup.kind = 2 and month >= date_trunc('month', signup.created_at at time zone 'UTC')::date
      group by date_trunc('month', signup.created_at at time zone 'UTC')::date, month) as e (key, value) using (key)
) as compared
