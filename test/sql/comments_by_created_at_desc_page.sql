-- comments_by_created_at_desc_page
-- reads comments, users
with numbers as materialized (select 0 as newer, (select coalesce(sum(n), 0)::bigint from (
  select "rollup"."totals"."n" as n from "rollup"."totals" where "rollup"."totals"."kind" in (1)
  union all
  select n from "rollup"."pending_counts" where kind in (1)
) as both_parts) as until), target as materialized (select (select newer from numbers) + $1::bigint as rest),
  pending as materialized (
    select bucket, sum(n)::bigint as n from "rollup"."pending_counts" as pending where kind in (1) group by bucket
  ),
  month as (
    select bucket, ((date_trunc('month', bucket at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') as until, (reached - (select rest from target))::bigint as rest
    from (
      select bucket, sum(n) over (order by bucket desc) as reached
      from (
        select bucket, comments as n from "rollup"."counts" as folded
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
        select bucket, comments as n from "rollup"."counts" as folded
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
        select bucket, comments as n from "rollup"."counts" as folded
        where span = 'quarter' and bucket >= (select bucket from day) and bucket < (select until from day)
        union all
        select bucket, n from pending where bucket >= (select bucket from day) and bucket < (select until from day)
      ) as parts
    ) as running
    where reached > (select rest from day) order by bucket desc limit 1
  ),
  landed as materialized (
    select kind, bucket as at, (-9223372036854775808)::bigint as id, rest from located, unnest(array[1]::smallint[]) as kind where rest <= rollup.crowd_size()
    union all
    select crowd.* from located, rollup.crowd_position(array[1]::smallint[], bucket, located.rest) as crowd
    where located.rest > rollup.crowd_size()
  ),
  reached as materialized (
    select created_at as at, kind, id from ((
      select 1 as kind, "comments"."id" as id, "comments"."created_at" as created_at
      from "comments"
      where "comments"."deleted_at" is null  and ("comments"."created_at", "comments"."id") >= ((select at from landed where kind = 1), (select id from landed where kind = 1))
      order by created_at, id limit (select min(rest) from landed) + 1)) as merged
    order by created_at asc, kind desc, id asc offset (select min(rest) from landed) limit 1
  ),
  page as materialized (
    select * from (
      select * from ((select * from (
        select "comments"."created_at" as key, "comments"."id" as id, "comments"."author_id" as user_id, "comments"."post_id" as post_id, case when octet_length("comments"."body") > 5001 then left("comments"."body", 5001) else "comments"."body" end as body,
        "comments"."created_at" as created_at, "comments"."updated_at" as updated_at
        from "comments"
        where "comments"."deleted_at" is null
          and ("comments"."created_at", "comments"."id") < ((select at from reached), (
            select case when kind = 1 then id when kind < 1 then 9223372036854775807 else (-9223372036854775808)::bigint end
            from reached))
        order by key desc, id desc limit $2::int + 1
      ) as source order by key desc, id desc limit 101)) as merged order by key desc, id desc limit $2::int + 1
    ) as sized order by key desc, id desc limit 101
  )
  select string_agg(row_lines, E'\n') as rows,
  ($1::bigint > 0) as "isPreceded",
  (select until - newer from numbers) as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
  from (
    select concat('{"id":', page.id, ',"postId":', page.post_id, ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"body":', to_json(case when octet_length(page.body) > 5000 then left(page.body, 5000) else page.body end),
      ',"isTruncated":', to_json(octet_length(page.body) > 5000 and char_length(page.body) > 5000),
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as row_lines
    from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
    order by page.key desc, page.id desc
  ) as rows
