-- users_by_created_at_desc_top
-- reads users
with page as materialized (
  select * from (
    select * from ((select * from (
      select "users"."created_at" as key, "users"."id" as id, "users"."username" as username, "users"."is_active" as is_active, "users"."is_admin" as is_admin,
      "users"."last_seen_at" as last_seen_at, "users"."created_at" as created_at, "users"."updated_at" as updated_at
      from "users"
      where "users"."deleted_at" is null
      order by key desc, id desc limit $1::int + 1
    ) as source order by key desc, id desc limit 101)) as merged order by key desc, id desc limit $1::int + 1
  ) as sized order by key desc, id desc limit 101
)
  select string_agg(row_lines, E'\n') as rows,
  (false) as "isPreceded",
  (select coalesce(sum(n), 0)::bigint from (
    select "rollup"."totals"."n" as n from "rollup"."totals" where "rollup"."totals"."kind" in (2)
    union all
    select n from "rollup"."pending_counts" where kind in (2)
  ) as both_parts) as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
  from (
    select concat('{"id":', page.id, ',"username":', to_json(page.username), ',"isActive":', to_json(page.is_active), ',"isAdmin":', to_json(page.is_admin),
      ',"lastSeenAt":', coalesce(to_json(case when page.last_seen_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.last_seen_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.last_seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end)::text, 'null'),
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as row_lines
    from page
    order by page.key desc, page.id desc
  ) as rows
