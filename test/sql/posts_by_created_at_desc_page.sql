-- posts_by_created_at_desc_page
-- reads posts, comments, users
with numbers as materialized (select 0 as newer, (select coalesce(sum(n), 0)::bigint from (
  select "rollup"."totals"."n" as n from "rollup"."totals" where "rollup"."totals"."kind" in (0)
  union all
  select "pending_counts"."n" from "rollup"."pending_counts" where "pending_counts"."kind" in (0)
) as both_parts) as until), target as materialized (select (select newer from numbers) + $1::bigint as rest),
  pending as materialized (
    select bucket, sum(n)::bigint as n from "rollup"."pending_counts" as pending where kind in (0) group by bucket
  ),
  month as (
    select bucket, ((date_trunc('month', bucket at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') as until, (reached - (select rest from target))::bigint as rest
    from (
      select bucket, sum(n) over (order by bucket desc) as reached
      from (
        select bucket, posts as n from "rollup"."counts" as folded
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
        select bucket, posts as n from "rollup"."counts" as folded
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
        select bucket, posts as n from "rollup"."counts" as folded
        where span = 'quarter' and bucket >= (select bucket from day) and bucket < (select until from day)
        union all
        select bucket, n from pending where bucket >= (select bucket from day) and bucket < (select until from day)
      ) as parts
    ) as running
    where reached > (select rest from day) order by bucket desc limit 1
  ),
  landed as materialized (
    select kind, bucket as at, (-9223372036854775808)::bigint as id, rest from located, unnest(array[0]::smallint[]) as kind where rest <= rollup.crowd_size()
    union all
    select crowd.* from located, rollup.crowd_position(array[0]::smallint[], bucket, located.rest) as crowd
    where located.rest > rollup.crowd_size()
  ),
  reached as materialized (
    select created_at as at, kind, id from ((
      select 0 as kind, "posts"."id" as id, "posts"."created_at" as created_at
      from "posts"
      where "posts"."deleted_at" is null  and ("posts"."created_at", "posts"."id") >= ((select at from landed where kind = 0), (select id from landed where kind = 0))
      order by created_at, id limit (select min(rest) from landed) + 1)) as merged
    order by created_at asc, kind desc, id asc offset (select min(rest) from landed) limit 1
  ),
  page as materialized (
    select * from (
      select * from ((select * from (
        select "posts"."created_at" as key, "posts"."id" as id, "posts"."author_id" as user_id, left("posts"."body", 5001) as body,
        left("posts"."title", 300) as title, "posts"."created_at" as created_at, "posts"."updated_at" as updated_at
        from "posts"
        where "posts"."deleted_at" is null
          and ("posts"."created_at", "posts"."id") < ((select at from reached), (
            select case when kind = 0 then id when kind < 0 then 9223372036854775807 else (-9223372036854775808)::bigint end
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
    select concat('["', to_char(page.key at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","', page.id, '"]', E'\n', '{"id":', page.id, ',"title":', coalesce(to_json(page.title)::text, 'null'), ',"body":', to_json(left(page.body, 5000)), ',"isTruncated":', to_json(char_length(page.body) > 5000),
      ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"commentsCount":', counted.n,
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as row_lines
    from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
    join (
      select asked.id as post_id, (coalesce(folded.n, 0) + coalesce(changed.n, 0))::bigint as n
      from (select id from page) as asked (id)
        left join lateral (
          select n from rollup.post_comments as folded where folded.post_id = asked.id offset 0
        ) as folded on true
        left join (
          select post_id, sum(n) as n from rollup.pending_post_comments where n <> 0 and post_id in (select id from page) group by post_id
        ) as changed on changed.post_id = asked.id) as counted on counted.post_id = page.id
    order by page.key desc, page.id desc
  ) as rows
