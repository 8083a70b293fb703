-- user_create
-- reads no table
with given as materialized (
  select ($1::jsonb ->> 'username')::text as "username", ($1::jsonb ->> 'email')::text as "email", ($1::jsonb ->> 'isActive')::boolean as "isActive", ($1::jsonb ->> 'isAdmin')::boolean as "isAdmin", ($1::jsonb ->> 'lastSeenAt')::timestamp with time zone as "lastSeenAt", $1::jsonb -> 'preferences' as "preferences", ($1::jsonb ->> 'createdAt')::timestamp with time zone as "createdAt"
), checked as materialized (
  select array_remove(array[]::text[], null) as missing from given
), changed as (
  insert into "users" ("username", "email", "is_active", "is_admin", "last_seen_at", "preferences", "created_at", "updated_at")
  select given."username", given."email", coalesce(given."isActive", true), coalesce(given."isAdmin", false), given."lastSeenAt", coalesce(given."preferences", '{}'), coalesce(given."createdAt", now()), coalesce(given."createdAt", now())
  from given, checked where missing = '{}'
  returning *, xmin::text as version
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'create', 'users', id, old, new, $3::text, $4::inet from (select id, null::jsonb as old, jsonb_build_object('username', changed."username", 'email', changed."email", 'isActive', changed."is_active", 'isAdmin', changed."is_admin", 'lastSeenAt', to_char(changed."last_seen_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'preferences', changed."preferences", 'createdAt', to_char(changed."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as new from changed) as written
), page as materialized (
  select "users"."id" as id, version, "users"."username" as username, "users"."is_active" as is_active, "users"."is_admin" as is_admin,
    "users"."last_seen_at" as last_seen_at, "users"."created_at" as created_at, "users"."updated_at" as updated_at, "users"."preferences" as preferences from changed as "users"
)
  select to_json(missing) as missing, shown.id, shown.json, shown.version
  from checked left join (
    select page.id, page.version, concat('{"id":', page.id, ',"username":', to_json(page.username), ',"isActive":', to_json(page.is_active), ',"isAdmin":', to_json(page.is_admin),
      ',"lastSeenAt":', coalesce(to_json(case when page.last_seen_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.last_seen_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.last_seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end)::text, 'null'), ',"preferences":', page.preferences,
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as json from page
  ) as shown on true
