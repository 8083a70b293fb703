-- activity_page
-- reads posts, comments, users
with newer as materialized (select 0 as n), target as materialized (select (select n from newer) + $1::bigint as rest),
  pending as materialized (
    select bucket, sum(n)::bigint as n from "rollup"."pending_counts" as pending where kind in (0, 1, 2) group by bucket
  ),
  month as (
    select bucket, ((date_trunc('month', bucket at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') as until, (reached - (select rest from target))::bigint as rest
    from (
      select bucket, sum(n) over (order by bucket desc) as reached
      from (
        select bucket, posts + comments + signups as n from "rollup"."counts" as folded
        where span = 'month' and true
        union all
        select date_trunc('month', bucket, 'UTC'), n from pending where true
      ) as parts
    ) as running
    where reached > (select rest from target) order by bucket desc limit 1
  ),
  day as (
    select bucket, ((date_trunc('day', bucket at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC') as until, (reached - (select rest from month))::bigint as rest
    from (
      select bucket, sum(n) over (order by bucket) as reached
      from (
        select bucket, posts + comments + signups as n from "rollup"."counts" as folded
        where span = 'day' and bucket >= (select bucket from month) and bucket < (select until from month)
        union all
        select date_trunc('day', bucket, 'UTC'), n from pending where bucket >= (select bucket from month) and bucket < (select until from month)
      ) as parts
    ) as running
    where reached >= (select rest from month) order by bucket limit 1
  ),
  located as (
    select bucket, rollup.quarter(bucket) + interval '15 minutes' as until, (reached - (select rest from day))::bigint as rest
    from (
      select bucket, sum(n) over (order by bucket desc) as reached
      from (
        select bucket, posts + comments + signups as n from "rollup"."counts" as folded
        where span = 'quarter' and bucket >= (select bucket from day) and bucket < (select until from day)
        union all
        select bucket, n from pending where bucket >= (select bucket from day) and bucket < (select until from day)
      ) as parts
    ) as running
    where reached > (select rest from day) order by bucket desc limit 1
  ),
  landed as materialized (
    select kind, bucket as at, (-9223372036854775808)::bigint as id, rest from located, unnest(array[0, 1, 2]::smallint[]) as kind where rest <= rollup.crowd_size()
    union all
    select crowd.* from located, rollup.crowd_position(array[0, 1, 2]::smallint[], bucket, located.rest) as crowd
    where located.rest > rollup.crowd_size()
  ),
  reached as materialized (
    select created_at as at, kind, id from ((
      select 0 as kind, "posts"."id" as id, "posts"."created_at" as created_at
      from "posts"
      where "posts"."deleted_at" is null  and ("posts"."created_at", "posts"."id") >= ((select at from landed where kind = 0), (select id from landed where kind = 0))
      order by created_at, id limit (select min(rest) from landed) + 1)
      union all
      (
        select 1 as kind, "comments"."id" as id, "comments"."created_at" as created_at
        from "comments"
        where "comments"."deleted_at" is null  and ("comments"."created_at", "comments"."id") >= ((select at from landed where kind = 1), (select id from landed where kind = 1))
        order by created_at, id limit (select min(rest) from landed) + 1)
      union all
      (
        select 2 as kind, "users"."id" as id, "users"."created_at" as created_at
        from "users"
        where "users"."deleted_at" is null  and ("users"."created_at", "users"."id") >= ((select at from landed where kind = 2), (select id from landed where kind = 2))
        order by created_at, id limit (select min(rest) from landed) + 1)) as merged
    order by created_at asc, kind desc, id asc offset (select min(rest) from landed) limit 1
  )
  select string_agg(item, ',') as items, count(*) as count,
  ($1::bigint > 0) as "isPreceded",
  (select coalesce(sum(n), 0)::bigint from (
    select "rollup"."totals"."n" as n from "rollup"."totals" where "rollup"."totals"."kind" in (0, 1, 2)
    union all
    select n from "rollup"."pending_counts" where kind in (0, 1, 2)
  ) as both_parts) as total,
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
            and ("posts"."created_at", "posts"."id") < ((select at from reached), (
              select case when kind = 0 then id when kind < 0 then 9223372036854775807 else (-9223372036854775808)::bigint end
              from reached))
          order by created_at desc, id desc limit $2::int + 1
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
              and ("comments"."created_at", "comments"."id") < ((select at from reached), (
                select case when kind = 1 then id when kind < 1 then 9223372036854775807 else (-9223372036854775808)::bigint end
                from reached))
            order by created_at desc, id desc limit $2::int + 1
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
              and ("users"."created_at", "users"."id") < ((select at from reached), (
                select case when kind = 2 then id when kind < 2 then 9223372036854775807 else (-9223372036854775808)::bigint end
                from reached))
            order by created_at desc, id desc limit $2::int + 1
          ) as source order by created_at desc, id desc limit 101)) as merged order by created_at desc, kind asc, id desc limit $2::int + 1
      ) as sized order by created_at desc, kind asc, id desc limit 101
    ) as page
    left join "users" on "users"."deleted_at" is null and "users"."id" = user_id
    left join "posts" on "posts"."deleted_at" is null and "posts"."id" = titled_by
    order by page.created_at desc, kind, page.id desc
  ) as items
