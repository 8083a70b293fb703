-- bounded_activity_before
-- reads posts, comments, users
select string_agg(item, ',') as items, count(*) as count,
  (coalesce((
    select true from "posts" where "posts"."deleted_at" is null
      and ("posts"."created_at", "posts"."id") >= ($1::timestamptz, $2::bigint)
      and "posts"."created_at" < $3::timestamptz
    order by "posts"."created_at" asc, "posts"."id" asc limit 1),
    (
      select true from "comments" where "comments"."deleted_at" is null
        and ("comments"."created_at", "comments"."id") >= ($1::timestamptz, $4::bigint)
        and "comments"."created_at" < $3::timestamptz
      order by "comments"."created_at" asc, "comments"."id" asc limit 1),
    (
      select true from "users" where "users"."deleted_at" is null
        and ("users"."created_at", "users"."id") >= ($1::timestamptz, $5::bigint)
        and "users"."created_at" < $3::timestamptz
      order by "users"."created_at" asc, "users"."id" asc limit 1), false)) as "isPreceded",
  (
    (select coalesce(sum(n), 0) from (
      select posts + comments + signups as n from "rollup"."counts" as folded
      where span = 'month' and bucket >= ((date_trunc('month', ($6::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') and bucket < 'infinity'
      union all
      select posts + comments + signups as n from "rollup"."counts" as folded
      where span = 'day' and bucket >= ((date_trunc('day', ($6::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC') and bucket < ((date_trunc('month', ($6::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC')
      union all
      select posts + comments + signups as n from "rollup"."counts" as folded
      where span = 'quarter' and bucket >= rollup.quarter(($6::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes' and bucket < ((date_trunc('day', ($6::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC')
      union all
      select n from "rollup"."pending_counts" as pending
      where kind in (0, 1, 2) and bucket >= rollup.quarter(($6::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'
    ) as whole_buckets)
    + (
      with whole as materialized (
        select whole.* from rollup.crowd_since(array[0, 1, 2]::smallint[], rollup.quarter(($6::timestamptz + interval '1 microsecond')::timestamptz), ($6::timestamptz + interval '1 microsecond')::timestamptz) as whole
        where exists (select from rollup.segments where kind in (0, 1, 2) and bucket = rollup.quarter(($6::timestamptz + interval '1 microsecond')::timestamptz))
      )
      select (select coalesce(sum(n), 0) from whole) + (
        select coalesce(sum(n), 0) from (
          select count(*) as n from "posts" where "posts"."deleted_at" is null
            and "posts"."created_at" >= ($6::timestamptz + interval '1 microsecond')::timestamptz and ("posts"."created_at", "posts"."id") < (coalesce((select at from whole where kind = 0), rollup.quarter(($6::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'), coalesce((select id from whole where kind = 0), (-9223372036854775808)::bigint))
          union all
          select count(*) as n from "comments" where "comments"."deleted_at" is null
            and "comments"."created_at" >= ($6::timestamptz + interval '1 microsecond')::timestamptz and ("comments"."created_at", "comments"."id") < (coalesce((select at from whole where kind = 1), rollup.quarter(($6::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'), coalesce((select id from whole where kind = 1), (-9223372036854775808)::bigint))
          union all
          select count(*) as n from "users" where "users"."deleted_at" is null
            and "users"."created_at" >= ($6::timestamptz + interval '1 microsecond')::timestamptz and ("users"."created_at", "users"."id") < (coalesce((select at from whole where kind = 2), rollup.quarter(($6::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'), coalesce((select id from whole where kind = 2), (-9223372036854775808)::bigint))
        ) as rows)))::bigint - (
          (select coalesce(sum(n), 0) from (
            select posts + comments + signups as n from "rollup"."counts" as folded
            where span = 'month' and bucket >= ((date_trunc('month', ($3)::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') and bucket < 'infinity'
            union all
            select posts + comments + signups as n from "rollup"."counts" as folded
            where span = 'day' and bucket >= ((date_trunc('day', ($3)::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC') and bucket < ((date_trunc('month', ($3)::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC')
            union all
            select posts + comments + signups as n from "rollup"."counts" as folded
            where span = 'quarter' and bucket >= rollup.quarter(($3)::timestamptz) + interval '15 minutes' and bucket < ((date_trunc('day', ($3)::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC')
            union all
            select n from "rollup"."pending_counts" as pending
            where kind in (0, 1, 2) and bucket >= rollup.quarter(($3)::timestamptz) + interval '15 minutes'
          ) as whole_buckets)
          + (
            with whole as materialized (
              select whole.* from rollup.crowd_since(array[0, 1, 2]::smallint[], rollup.quarter(($3)::timestamptz), ($3)::timestamptz) as whole
              where exists (select from rollup.segments where kind in (0, 1, 2) and bucket = rollup.quarter(($3)::timestamptz))
            )
            select (select coalesce(sum(n), 0) from whole) + (
              select coalesce(sum(n), 0) from (
                select count(*) as n from "posts" where "posts"."deleted_at" is null
                  and "posts"."created_at" >= ($3)::timestamptz and ("posts"."created_at", "posts"."id") < (coalesce((select at from whole where kind = 0), rollup.quarter(($3)::timestamptz) + interval '15 minutes'), coalesce((select id from whole where kind = 0), (-9223372036854775808)::bigint))
                union all
                select count(*) as n from "comments" where "comments"."deleted_at" is null
                  and "comments"."created_at" >= ($3)::timestamptz and ("comments"."created_at", "comments"."id") < (coalesce((select at from whole where kind = 1), rollup.quarter(($3)::timestamptz) + interval '15 minutes'), coalesce((select id from whole where kind = 1), (-9223372036854775808)::bigint))
                union all
                select count(*) as n from "users" where "users"."deleted_at" is null
                  and "users"."created_at" >= ($3)::timestamptz and ("users"."created_at", "users"."id") < (coalesce((select at from whole where kind = 2), rollup.quarter(($3)::timestamptz) + interval '15 minutes'), coalesce((select id from whole where kind = 2), (-9223372036854775808)::bigint))
              ) as rows)))::bigint as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
from (
  select concat(head, page.id,
    ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    '","actor":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'),
    ',"post":', coalesce('{"id":' || post_id || ',"title":' || coalesce(to_json(coalesce(page.title, case when octet_length("posts"."title") > 300 then left("posts"."title", 300) else "posts"."title" end))::text, 'null') || '}', 'null'),
    ',"excerpt":', coalesce(to_json(excerpt)::text, 'null'), '}') as item
  from (
    select * from (
      select * from ((select * from (
        select 0 as kind,
        "posts"."id" as id, "posts"."created_at" as created_at,
        '{"kind":"post","id":' as head, "posts"."author_id" as user_id,
        "posts"."id" as post_id, null::bigint as titled_by,
        case when octet_length("posts"."title") > 300 then left("posts"."title", 300) else "posts"."title" end as title, left("posts"."body", 200) as excerpt
        from "posts"
        where "posts"."deleted_at" is null
          and ("posts"."created_at", "posts"."id") < ($1::timestamptz, $2::bigint)
          and "posts"."created_at" > $6::timestamptz and "posts"."created_at" < $3::timestamptz
        order by created_at desc, id desc limit $7::int + 1
      ) as source order by created_at desc, id desc limit 101)
        union all
        (select * from (
          select 1 as kind,
          "comments"."id" as id, "comments"."created_at" as created_at,
          '{"kind":"comment","id":' as head, "comments"."author_id" as user_id,
          "comments"."post_id" as post_id, "comments"."post_id" as titled_by,
          null::text as title, left("comments"."body", 200) as excerpt
          from "comments"
          where "comments"."deleted_at" is null
            and ("comments"."created_at", "comments"."id") < ($1::timestamptz, $4::bigint)
            and "comments"."created_at" > $6::timestamptz and "comments"."created_at" < $3::timestamptz
          order by created_at desc, id desc limit $7::int + 1
        ) as source order by created_at desc, id desc limit 101)
        union all
        (select * from (
          select 2 as kind,
          "users"."id" as id, "users"."created_at" as created_at,
          '{"kind":"signup","id":' as head, "users"."id" as user_id,
          null::bigint as post_id, null::bigint as titled_by,
          null::text as title, null::text as excerpt
          from "users"
          where "users"."deleted_at" is null
            and ("users"."created_at", "users"."id") < ($1::timestamptz, $5::bigint)
            and "users"."created_at" > $6::timestamptz and "users"."created_at" < $3::timestamptz
          order by created_at desc, id desc limit $7::int + 1
        ) as source order by created_at desc, id desc limit 101)) as merged order by created_at desc, kind asc, id desc limit $7::int + 1
    ) as sized order by created_at desc, kind asc, id desc limit 101
  ) as page
  left join "users" on "users"."deleted_at" is null and "users"."id" = user_id
  left join "posts" on "posts"."deleted_at" is null and "posts"."id" = titled_by
  order by page.created_at desc, kind, page.id desc
) as items
