-- bounded_activity_after
-- reads posts, comments, users, sessions
with
picked as materialized (
  select *, row_number() over (order by created_at asc, kind desc, id asc) as rank
  from (
    select * from ((select * from (
      select 0 as kind, "posts"."id" as id, "posts"."created_at" as created_at
      from "posts"
      where 0 = any($1::smallint[]) and "posts"."deleted_at" is null
        and ("posts"."created_at", "posts"."id") > ($2::timestamptz, $3::bigint)
        and "posts"."created_at" > $4::timestamptz
        and "posts"."created_at" < $5::timestamptz
      order by "posts"."created_at" asc, "posts"."id" asc
      limit $6::int + 1
    ) as source limit 101)
      union all
      (select * from (
        select 1 as kind, "comments"."id" as id, "comments"."created_at" as created_at
        from "comments"
        where 1 = any($1::smallint[]) and "comments"."deleted_at" is null
          and ("comments"."created_at", "comments"."id") > ($2::timestamptz, $7::bigint)
          and "comments"."created_at" > $4::timestamptz
          and "comments"."created_at" < $5::timestamptz
        order by "comments"."created_at" asc, "comments"."id" asc
        limit $6::int + 1
      ) as source limit 101)
      union all
      (select * from (
        select 2 as kind, "users"."id" as id, "users"."created_at" as created_at
        from "users"
        where 2 = any($1::smallint[]) and "users"."deleted_at" is null
          and ("users"."created_at", "users"."id") > ($2::timestamptz, $8::bigint)
          and "users"."created_at" > $4::timestamptz
          and "users"."created_at" < $5::timestamptz
        order by "users"."created_at" asc, "users"."id" asc
        limit $6::int + 1
      ) as source limit 101)
      union all
      (select * from (
        select 3 as kind, "sessions"."id" as id, "sessions"."created_at" as created_at
        from "sessions"
        where 3 = any($1::smallint[]) and "sessions"."deleted_at" is null
          and ("sessions"."created_at", "sessions"."id") > ($2::timestamptz, $9::bigint)
          and "sessions"."created_at" > $4::timestamptz
          and "sessions"."created_at" < $5::timestamptz
        order by "sessions"."created_at" asc, "sessions"."id" asc
        limit $6::int + 1
      ) as source limit 101)) as merged
    order by created_at asc, kind desc, id asc  limit $6::int + 1
  ) as sized limit 101
),
ends as (
  select min(rank) filter (where rank <= $6::int) as nearest,
    max(rank) filter (where rank <= $6::int) as farthest,
    count(*) > $6::int as goes_on
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
      ',' order by rank desc)
    from picked
    left join "comments" on "comments"."id" = case when kind = 1 then picked.id end
    left join "posts" on "posts"."id" = case kind when 0 then picked.id when 1 then "comments"."post_id" end
    left join "sessions" on "sessions"."id" = case when kind = 3 then picked.id end
    left join "users" on "users"."deleted_at" is null and "users"."id" = case kind
      when 0 then "posts"."author_id" when 1 then "comments"."author_id" when 2 then picked.id else "sessions"."user_id" end
    where rank <= $6::int), '') || ']' as items,
  (
    select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '|' || kind || '|' || id from picked where rank = ends.farthest) as first,
  (
    select to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '|' || kind || '|' || id from picked where rank = ends.nearest) as last,
  ends.goes_on as "goesOn",
  (coalesce((
    select true from "posts" where 0 = any($1::smallint[]) and "posts"."deleted_at" is null
      and ("posts"."created_at", "posts"."id") <= ($2::timestamptz, $3::bigint)
      and "posts"."created_at" > $4::timestamptz
    order by "posts"."created_at" desc, "posts"."id" desc limit 1),
    (
      select true from "comments" where 1 = any($1::smallint[]) and "comments"."deleted_at" is null
        and ("comments"."created_at", "comments"."id") <= ($2::timestamptz, $7::bigint)
        and "comments"."created_at" > $4::timestamptz
      order by "comments"."created_at" desc, "comments"."id" desc limit 1),
    (
      select true from "users" where 2 = any($1::smallint[]) and "users"."deleted_at" is null
        and ("users"."created_at", "users"."id") <= ($2::timestamptz, $8::bigint)
        and "users"."created_at" > $4::timestamptz
      order by "users"."created_at" desc, "users"."id" desc limit 1),
    (
      select true from "sessions" where 3 = any($1::smallint[]) and "sessions"."deleted_at" is null
        and ("sessions"."created_at", "sessions"."id") <= ($2::timestamptz, $9::bigint)
        and "sessions"."created_at" > $4::timestamptz
      order by "sessions"."created_at" desc, "sessions"."id" desc limit 1), false)) as "isPreceded",
  (
    (select coalesce(sum(case when 0 = any($1::smallint[]) then "current_buckets"."posts" else 0 end + case when 1 = any($1::smallint[]) then "current_buckets"."comments" else 0 end + case when 2 = any($1::smallint[]) then "current_buckets"."signups" else 0 end + case when 3 = any($1::smallint[]) then "current_buckets"."sessions" else 0 end), 0) from "rollup"."current_buckets"
      where "current_buckets"."span" = 'month'
        and "current_buckets"."bucket" >= ((date_trunc('month', ($4::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') and "current_buckets"."bucket" < 'infinity')
      +
    (select coalesce(sum(case when 0 = any($1::smallint[]) then "current_buckets"."posts" else 0 end + case when 1 = any($1::smallint[]) then "current_buckets"."comments" else 0 end + case when 2 = any($1::smallint[]) then "current_buckets"."signups" else 0 end + case when 3 = any($1::smallint[]) then "current_buckets"."sessions" else 0 end), 0) from "rollup"."current_buckets"
      where "current_buckets"."span" = 'day'
        and "current_buckets"."bucket" >= ((date_trunc('day', ($4::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC') and "current_buckets"."bucket" < ((date_trunc('month', ($4::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC'))
      +
    (select coalesce(sum(case when 0 = any($1::smallint[]) then "current_buckets"."posts" else 0 end + case when 1 = any($1::smallint[]) then "current_buckets"."comments" else 0 end + case when 2 = any($1::smallint[]) then "current_buckets"."signups" else 0 end + case when 3 = any($1::smallint[]) then "current_buckets"."sessions" else 0 end), 0) from "rollup"."current_buckets"
      where "current_buckets"."span" = 'quarter'
        and "current_buckets"."bucket" >= rollup.quarter(($4::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes' and "current_buckets"."bucket" < ((date_trunc('day', ($4::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC'))
      +
    (select coalesce(sum(n), 0) from (
      select count(*) as n from "posts" where 0 = any($1::smallint[]) and "posts"."deleted_at" is null
        and "posts"."created_at" >= ($4::timestamptz + interval '1 microsecond')::timestamptz and "posts"."created_at" < rollup.quarter(($4::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'
      union all
      select count(*) as n from "comments" where 1 = any($1::smallint[]) and "comments"."deleted_at" is null
        and "comments"."created_at" >= ($4::timestamptz + interval '1 microsecond')::timestamptz and "comments"."created_at" < rollup.quarter(($4::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'
      union all
      select count(*) as n from "users" where 2 = any($1::smallint[]) and "users"."deleted_at" is null
        and "users"."created_at" >= ($4::timestamptz + interval '1 microsecond')::timestamptz and "users"."created_at" < rollup.quarter(($4::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'
      union all
      select count(*) as n from "sessions" where 3 = any($1::smallint[]) and "sessions"."deleted_at" is null
        and "sessions"."created_at" >= ($4::timestamptz + interval '1 microsecond')::timestamptz and "sessions"."created_at" < rollup.quarter(($4::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'
    ) as rows))::bigint - (
      (select coalesce(sum(case when 0 = any($1::smallint[]) then "current_buckets"."posts" else 0 end + case when 1 = any($1::smallint[]) then "current_buckets"."comments" else 0 end + case when 2 = any($1::smallint[]) then "current_buckets"."signups" else 0 end + case when 3 = any($1::smallint[]) then "current_buckets"."sessions" else 0 end), 0) from "rollup"."current_buckets"
        where "current_buckets"."span" = 'month'
          and "current_buckets"."bucket" >= ((date_trunc('month', ($5)::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') and "current_buckets"."bucket" < 'infinity')
        +
      (select coalesce(sum(case when 0 = any($1::smallint[]) then "current_buckets"."posts" else 0 end + case when 1 = any($1::smallint[]) then "current_buckets"."comments" else 0 end + case when 2 = any($1::smallint[]) then "current_buckets"."signups" else 0 end + case when 3 = any($1::smallint[]) then "current_buckets"."sessions" else 0 end), 0) from "rollup"."current_buckets"
        where "current_buckets"."span" = 'day'
          and "current_buckets"."bucket" >= ((date_trunc('day', ($5)::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC') and "current_buckets"."bucket" < ((date_trunc('month', ($5)::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC'))
        +
      (select coalesce(sum(case when 0 = any($1::smallint[]) then "current_buckets"."posts" else 0 end + case when 1 = any($1::smallint[]) then "current_buckets"."comments" else 0 end + case when 2 = any($1::smallint[]) then "current_buckets"."signups" else 0 end + case when 3 = any($1::smallint[]) then "current_buckets"."sessions" else 0 end), 0) from "rollup"."current_buckets"
        where "current_buckets"."span" = 'quarter'
          and "current_buckets"."bucket" >= rollup.quarter(($5)::timestamptz) + interval '15 minutes' and "current_buckets"."bucket" < ((date_trunc('day', ($5)::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC'))
        +
      (select coalesce(sum(n), 0) from (
        select count(*) as n from "posts" where 0 = any($1::smallint[]) and "posts"."deleted_at" is null
          and "posts"."created_at" >= ($5)::timestamptz and "posts"."created_at" < rollup.quarter(($5)::timestamptz) + interval '15 minutes'
        union all
        select count(*) as n from "comments" where 1 = any($1::smallint[]) and "comments"."deleted_at" is null
          and "comments"."created_at" >= ($5)::timestamptz and "comments"."created_at" < rollup.quarter(($5)::timestamptz) + interval '15 minutes'
        union all
        select count(*) as n from "users" where 2 = any($1::smallint[]) and "users"."deleted_at" is null
          and "users"."created_at" >= ($5)::timestamptz and "users"."created_at" < rollup.quarter(($5)::timestamptz) + interval '15 minutes'
        union all
        select count(*) as n from "sessions" where 3 = any($1::smallint[]) and "sessions"."deleted_at" is null
          and "sessions"."created_at" >= ($5)::timestamptz and "sessions"."created_at" < rollup.quarter(($5)::timestamptz) + interval '15 minutes'
      ) as rows))::bigint as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
from ends
