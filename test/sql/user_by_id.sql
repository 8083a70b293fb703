-- user_by_id
-- reads users
with page as (
  select "users"."id" as id, "users".xmin::text as version, "users"."username" as username, "users"."is_active" as is_active, "users"."is_admin" as is_admin,
    "users"."last_seen_at" as last_seen_at, "users"."created_at" as created_at, "users"."updated_at" as updated_at, "users"."preferences" as preferences from "users" where "users"."id" = $1::bigint and "users"."deleted_at" is null
)
  select concat('{"id":', page.id, ',"username":', to_json(page.username), ',"isActive":', to_json(page.is_active), ',"isAdmin":', to_json(page.is_admin),
    ',"lastSeenAt":', coalesce(to_json(case when page.last_seen_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.last_seen_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.last_seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end)::text, 'null'), ',"preferences":', page.preferences,
    ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as json, page.version from page
