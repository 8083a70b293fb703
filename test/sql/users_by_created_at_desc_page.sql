-- users_by_created_at_desc_page
-- reads users
with numbers as materialized (select 0 as newer, (select coalesce(sum(n), 0)::bigint from (
  select "rollup"."totals"."n" as n from "rollup"."totals" where "rollup"."totals"."kind" in (2)
  union all
  select n from "rollup"."pending_counts" where kind in (2)
) as both_parts) as until), target as materialized (select (select newer from numbers) + $1::bigint as rest),
  pending as materialized (
    select bucket, sum(n)::bigint as n from "rollup"."pending_counts" as pending where kind in (2) group by bucket
  ),
  month as (
    select bucket, ((date_trunc('month', bucket at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') as until, (reached - (select rest from target))::bigint as rest
    from (
      select bucket, sum(n) over (order by bucket desc) as reached
      from (
        select bucket, signups as n from "rollup"."counts" as folded
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
        select bucket, signups as n from "rollup"."counts" as folded
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
        select bucket, signups as n from "rollup"."counts" as folded
        where span = 'quarter' and bucket >= (select bucket from day) and bucket < (select until from day)
        union all
        select bucket, n from pending where bucket >= (select bucket from day) and bucket < (select until from day)
      ) as parts
    ) as running
    where reached > (select rest from day) order by bucket desc limit 1
  ),
  landed as materialized (
    select kind, bucket as at, (-9223372036854775808)::bigint as id, rest from located, unnest(array[2]::smallint[]) as kind where rest <= rollup.crowd_size()
    union all
    select crowd.* from located, rollup.crowd_position(array[2]::smallint[], bucket, located.rest) as crowd
    where located.rest > rollup.crowd_size()
  ),
  reached as materialized (
    select created_at as at, kind, id from ((
      select 2 as kind, "users"."id" as id, "users"."created_at" as created_at
      from "users"
      where "users"."deleted_at" is null  and ("users"."created_at", "users"."id") >= ((select at from landed where kind = 2), (select id from landed where kind = 2))
      order by created_at, id limit (select min(rest) from landed) + 1)) as merged
    order by created_at asc, kind desc, id asc offset (select min(rest) from landed) limit 1
  ),
  page as materialized (
    select * from (
      select * from ((select * from (
        select "users"."created_at" as key, "users"."id" as id, "users"."username" as username, "users"."is_active" as is_active, "users"."is_admin" as is_admin,
        "users"."last_seen_at" as last_seen_at, "users"."created_at" as created_at, "users"."updated_at" as updated_at
        from "users"
        where "users"."deleted_at" is null
          and ("users"."created_at", "users"."id") < ((select at from reached), (
            select case when kind = 2 then id when kind < 2 then 9223372036854775807 else (-9223372036854775808)::bigint end
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
    select concat('{"id":', page.id, ',"username":', to_json(page.username), ',"isActive":', to_json(page.is_active), ',"isAdmin":', to_json(page.is_admin),
      ',"lastSeenAt":', coalesce(to_json(case when page.last_seen_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.last_seen_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.last_seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end)::text, 'null'),
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as row_lines
    from page
    order by page.key desc, page.id desc
  ) as rows
