-- user_create_many
-- reads no table
with given as materialized (
  select * from rows from (
    json_to_recordset($1::text::json) as ("username" text, "email" text, "isActive" boolean, "isAdmin" boolean, "lastSeenAt" timestamp with time zone, "preferences" jsonb, "createdAt" timestamp with time zone)
  ) with ordinality as given ("username", "email", "isActive", "isAdmin", "lastSeenAt", "preferences", "createdAt", at)
), faults as materialized (
  select at, 'email' as field from (
    select at, "email", row_number() over (partition by lower("email") order by at) as nth from given
  ) as keyed where (nth > 1 or (select true from "users" where lower("users"."email") = lower(keyed."email"))) and "email" is not null
), changed as (
  insert into "users" ("username", "email", "is_active", "is_admin", "last_seen_at", "preferences", "created_at", "updated_at")
  select given."username", given."email", coalesce(given."isActive", true), coalesce(given."isAdmin", false), given."lastSeenAt", coalesce(given."preferences", '{}'), coalesce(given."createdAt", now()), coalesce(given."createdAt", now())
  from given where not exists (select from faults) order by at
  returning *
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'create', 'users', id, old, new, $3::text, $4::inet from (select id, null::jsonb as old, jsonb_build_object('username', changed."username", 'email', changed."email", 'isActive', changed."is_active", 'isAdmin', changed."is_admin", 'lastSeenAt', to_char(changed."last_seen_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'preferences', changed."preferences", 'createdAt', to_char(changed."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as new from changed) as written
)
  select (select string_agg('{"id":' || id || '}', ',' order by id) from changed) as json,
  (select count(*)::integer from faults) as "faultCount",
  (
    select coalesce(json_agg(json_build_object('at', at - 1, 'field', field) order by at, field), '[]')
    from (select * from faults order by at, field limit 100) as first
  ) as faults
