-- verify_active_users
-- reads posts, comments, sessions
select 'active_users' as rollup,
  count(*) as entries,
  count(*) filter (where differs) as drift,
  to_json(coalesce((array_agg(key || ': ' || coalesce(stored, 'nothing') || ', recounted ' || coalesce(expected, 'nothing'))
    filter (where differs))[:3], '{}')) as examples
from (
  select key, s.value as stored, e.value as expected, s.value is distinct from e.value as differs
  from (select a.day::text as key, concat_ws(' ', daily, weekly, monthly) as value
    from (
      select day, sum(daily) as daily, sum(weekly) as weekly, sum(monthly) as monthly
      from (
        select day, daily, weekly, monthly from rollup.active_users
        union all
        select * from (
          select day + number as day,
            coalesce(sum(n) filter (where span = 1), 0) as daily,
            coalesce(sum(n) filter (where span = 7), 0) as weekly,
            coalesce(sum(n) filter (where span = 30), 0) as monthly
          from (
            select span, day, lead(day) over by_day as until, sum(n) over by_day as n
            from (select span, day, sum(n) as n from rollup.pending_active as steps group by span, day having sum(n) <> 0) as summed
            window by_day as (partition by span order by day)
          ) as levels, generate_series(0, until - day - 1) as number
          group by 1
        ) as pending
      ) as both_parts group by day
    ) as a
    where (daily, weekly, monthly) <> (0, 0, 0)) as s (key, value)
    full join (select day::text, concat_ws(' ', daily, weekly, monthly)
      from (
        select day + number as day,
          coalesce(sum(n) filter (where span = 1), 0) as daily,
          coalesce(sum(n) filter (where span = 7), 0) as weekly,
          coalesce(sum(n) filter (where span = 30), 0) as monthly
        from (
          select span, day, lead(day) over by_day as until, sum(n) over by_day as n
          from (select span, day, sum(n) as n from (
            with days as (
              select user_id, day, lead(day) over (partition by user_id order by day) as next_day
              from (select distinct user_id, rollup.utc_day(created_at) as day from (
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
              ) as live where user_id is not null) as d
            )
            select span, day, 1 as n from days, unnest(array[1, 7, 30]) as span
            union all
            select span, least(day + span, next_day), -1 from days, unnest(array[1, 7, 30]) as span
          ) as steps group by span, day having sum(n) <> 0) as summed
          window by_day as (partition by span order by day)
        ) as levels, generate_series(0, until - day - 1) as number
        group by 1
      ) as expected
      where (daily, weekly, monthly) <> (0, 0, 0)) as e (key, value) using (key)
) as compared
