-- session_by_id
-- reads sessions, users
with page as (
  select "sessions"."id" as id, "sessions".xmin::text as version, "sessions"."user_id" as user_id, "sessions"."created_at" as created_at, "sessions"."last_seen_at" as last_seen_at from "sessions" where "sessions"."id" = $1::bigint and "sessions"."deleted_at" is null
)
  select concat('{"id":', page.id, ',"user":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'),
    ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","lastSeenAt":"', case when page.last_seen_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.last_seen_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.last_seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as json, page.version from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
