-- author_activity_page
-- reads posts, comments, users, sessions
with target as (select $1::bigint as row_number),
located as (
  select ((day + 1)::timestamp at time zone 'UTC') as until, row_number - above as rest
  from (
    select day, n, sum(n) over (order by day desc) - n as above
    from (select day, sum(n) as n from (
      select "current_user_days"."day" as day,
        case when 0 = any($2::smallint[]) then "current_user_days"."posts" else 0 end + case when 1 = any($2::smallint[]) then "current_user_days"."comments" else 0 end + case when 3 = any($2::smallint[]) then "current_user_days"."sessions" else 0 end as n
      from "rollup"."current_user_days" where "current_user_days"."user_id" = $3::bigint
      union all
      select rollup.utc_day("users"."created_at"), case when 2 = any($2::smallint[]) then 1 else 0 end
      from "users" where "users"."id" = $3::bigint and "users"."deleted_at" is null) as d group by day) as days
  ) as days, target
  where above <= row_number and row_number < above + n
),
picked as materialized (
  select *, row_number() over (order by created_at desc, kind asc, id desc) as rank
  from (
    select * from ((select * from (
      select 0 as kind, "posts"."id" as id, "posts"."created_at" as created_at
      from "posts"
      where 0 = any($2::smallint[]) and "posts"."deleted_at" is null and "posts"."author_id" = $3::bigint
        and ("posts"."created_at", "posts"."id") < ((select until from located), (-9223372036854775808)::bigint)
      order by "posts"."created_at" desc, "posts"."id" desc
      limit coalesce((select rest from located), 0) + $4::int + 1
    ) as source )
      union all
      (select * from (
        select 1 as kind, "comments"."id" as id, "comments"."created_at" as created_at
        from "comments"
        where 1 = any($2::smallint[]) and "comments"."deleted_at" is null and "comments"."author_id" = $3::bigint
          and ("comments"."created_at", "comments"."id") < ((select until from located), (-9223372036854775808)::bigint)
        order by "comments"."created_at" desc, "comments"."id" desc
        limit coalesce((select rest from located), 0) + $4::int + 1
      ) as source )
      union all
      (select * from (
        select 2 as kind, "users"."id" as id, "users"."created_at" as created_at
        from "users"
        where 2 = any($2::smallint[]) and "users"."deleted_at" is null and "users"."id" = $3::bigint
          and ("users"."created_at", "users"."id") < ((select until from located), (-9223372036854775808)::bigint)
        order by "users"."created_at" desc, "users"."id" desc
        limit coalesce((select rest from located), 0) + $4::int + 1
      ) as source )
      union all
      (select * from (
        select 3 as kind, "sessions"."id" as id, "sessions"."created_at" as created_at
        from "sessions"
        where 3 = any($2::smallint[]) and "sessions"."deleted_at" is null and "sessions"."user_id" = $3::bigint
          and ("sessions"."created_at", "sessions"."id") < ((select until from located), (-9223372036854775808)::bigint)
        order by "sessions"."created_at" desc, "sessions"."id" desc
        limit coalesce((select rest from located), 0) + $4::int + 1
      ) as source )) as merged
    order by created_at desc, kind asc, id desc offset coalesce((select rest from located), 0) limit $4::int + 1
  ) as sized limit 101
),
ends as (
  select min(rank) filter (where rank <= $4::int) as nearest,
    max(rank) filter (where rank <= $4::int) as farthest,
    count(*) > $4::int as goes_on
  from picked
)
select
  '[' || coalesce((
    select string_agg(
      '{"kind":"' || (array['post','comment','signup','session'])[kind + 1]
        || '","id":' || picked.id
        || ',"createdAt":"' || to_char(picked.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","actor":' || coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null')
        || ',"post":' || coalesce('{"id":' || "posts"."id" || ',"title":'
          || coalesce(to_json(case when "posts"."deleted_at" is null then "posts"."title" end)::text, 'null') || '}', 'null')
        || ',"excerpt":' || coalesce(to_json(left(case kind when 0 then "posts"."body" else "comments"."body" end, 200))::text, 'null')
        || '}',
      ',' order by rank asc)
    from picked
    left join "comments" on "comments"."id" = case when kind = 1 then picked.id end
    left join "posts" on "posts"."id" = case kind when 0 then picked.id when 1 then "comments"."post_id" end
    left join "sessions" on "sessions"."id" = case when kind = 3 then picked.id end
    left join "users" on "users"."deleted_at" is null and "users"."id" = case kind
      when 0 then "posts"."author_id" when 1 then "comments"."author_id" when 2 then picked.id else "sessions"."user_id" end
    where rank <= $4::int), '') || ']' as items,
  (
    select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '|' || kind || '|' || id from picked where rank = ends.nearest) as first,
  (
    select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '|' || kind || '|' || id from picked where rank = ends.farthest) as last,
  ends.goes_on as "goesOn",
  ($1::bigint > 0) as "isPreceded",
  (select coalesce(sum(n), 0)::bigint from (
    select "current_user_days"."day" as day,
      case when 0 = any($2::smallint[]) then "current_user_days"."posts" else 0 end + case when 1 = any($2::smallint[]) then "current_user_days"."comments" else 0 end + case when 3 = any($2::smallint[]) then "current_user_days"."sessions" else 0 end as n
    from "rollup"."current_user_days" where "current_user_days"."user_id" = $3::bigint
    union all
    select rollup.utc_day("users"."created_at"), case when 2 = any($2::smallint[]) then 1 else 0 end
    from "users" where "users"."id" = $3::bigint and "users"."deleted_at" is null) as d) as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
from ends
