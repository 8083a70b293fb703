-- sessions_by_created_at_desc_next
-- reads sessions, users
with page as materialized (
  select * from (
    select * from ((select * from (
      select "sessions"."created_at" as key, "sessions"."id" as id, "sessions"."user_id" as user_id, "sessions"."created_at" as created_at, "sessions"."last_seen_at" as last_seen_at
      from "sessions"
      where "sessions"."deleted_at" is null
        and ("sessions"."created_at", "sessions"."id") < ($1::timestamptz, $2::bigint)
      order by key desc, id desc limit $3::int + 1
    ) as source order by key desc, id desc limit 101)) as merged order by key desc, id desc limit $3::int + 1
  ) as sized order by key desc, id desc limit 101
)
  select string_agg(row_lines, E'\n') as rows,
  (coalesce((select true from (
    select "sessions"."created_at" as key, "sessions"."id" as id from "sessions"
    where "sessions"."deleted_at" is null  and ("sessions"."created_at", "sessions"."id") >= ($1::timestamptz, $2::bigint)
    order by key asc, id asc limit 1) as behind), false)) as "isPreceded",
  (select coalesce(sum(n), 0)::bigint from (
    select "rollup"."totals"."n" as n from "rollup"."totals" where "rollup"."totals"."kind" in (3)
    union all
    select n from "rollup"."pending_counts" where kind in (3)
  ) as both_parts) as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
  from (
    select concat('{"id":', page.id, ',"user":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'),
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","lastSeenAt":"', case when page.last_seen_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.last_seen_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.last_seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as row_lines
    from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
    order by page.key desc, page.id desc
  ) as rows
