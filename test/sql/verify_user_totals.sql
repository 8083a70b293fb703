-- verify_user_totals
-- reads users, posts, comments
select 'user_totals' as rollup,
  count(*) as entries,
  count(*) filter (where differs) as drift,
  to_json(coalesce((array_agg(key || ': ' || coalesce(stored, 'nothing') || ', recounted ' || coalesce(expected, 'nothing'))
    filter (where differs))[:3], '{}')) as examples
from (
  select key, s.value as stored, e.value as expected, s.value is distinct from e.value as differs
  from (select user_id::text as key, concat_ws(' ', coalesce(cohort::text, 'nobody'), posts, comments) as value
    from (
      select user_id, cohort, posts, comments from rollup.user_totals
      where user_id not in (select user_id from rollup.pending_user_totals)
      union all
      select user_id, cohort, posts, comments from rollup.pending_user_totals
    ) as both_parts
    where cohort is not null or (posts, comments) <> (0, 0)) as s (key, value)
    full join (select user_id::text, concat_ws(' ', coalesce(max(cohort)::text, 'nobody'), sum(posts), sum(comments))
      from (
        select id as user_id, date_trunc('month', created_at at time zone 'UTC')::date as cohort, 0 as posts, 0 as comments from (
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
        where kind = 2
        union all
        select user_id, null, (kind = 0)::integer, (kind = 1)::integer
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
        ) as live where kind in (0, 1)
      ) as counted
      where user_id is not null group by user_id) as e (key, value) using (key)
) as compared
