-- session_create
-- reads no table
with given as materialized (
  select ($1::jsonb ->> 'userId')::bigint as "userId", ($1::jsonb ->> 'createdAt')::timestamp with time zone as "createdAt", ($1::jsonb ->> 'lastSeenAt')::timestamp with time zone as "lastSeenAt"
), checked as materialized (
  select array_remove(array[case when given."userId" is not null and not exists (
    select from "users" where "users"."id" = given."userId" and "users"."deleted_at" is null
  ) then 'userId' end]::text[], null) as missing from given
), changed as (
  insert into "sessions" ("user_id", "created_at", "last_seen_at")
  select given."userId", coalesce(given."createdAt", now()), coalesce(given."lastSeenAt", given."createdAt", now())
  from given, checked where missing = '{}'
  returning *, xmin::text as version
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'create', 'sessions', id, old, new, $3::text, $4::inet from (select id, null::jsonb as old, jsonb_build_object('userId', changed."user_id", 'createdAt', to_char(changed."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'lastSeenAt', to_char(changed."last_seen_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as new from changed) as written
), page as materialized (
  select "sessions"."id" as id, version, "sessions"."user_id" as user_id, "sessions"."created_at" as created_at, "sessions"."last_seen_at" as last_seen_at from changed as "sessions"
)
  select to_json(missing) as missing, shown.id, shown.json, shown.version
  from checked left join (
    select page.id, page.version, concat('{"id":', page.id, ',"user":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'),
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","lastSeenAt":"', case when page.last_seen_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.last_seen_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.last_seen_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as json from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
  ) as shown on true
