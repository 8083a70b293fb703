-- session_create_many
-- reads no table
with given as materialized (
  select * from rows from (
    json_to_recordset($1::text::json) as ("userId" bigint, "createdAt" timestamp with time zone, "lastSeenAt" timestamp with time zone)
  ) with ordinality as given ("userId", "createdAt", "lastSeenAt", at)
), "live_userId" as materialized (
  select "users"."id" from "users" where "users"."id" = any (array(select distinct "userId" from given)) and "users"."deleted_at" is null
), faults as materialized (
  select at, 'userId' as field from given where "userId" not in (select id from "live_userId") and "userId" is not null
), changed as (
  insert into "sessions" ("user_id", "created_at", "last_seen_at")
  select given."userId", coalesce(given."createdAt", now()), coalesce(given."lastSeenAt", given."createdAt", now())
  from given where not exists (select from faults) order by at
  returning *
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'create', 'sessions', id, old, new, $3::text, $4::inet from (select id, null::jsonb as old, jsonb_build_object('userId', changed."user_id", 'createdAt', to_char(changed."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'lastSeenAt', to_char(changed."last_seen_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as new from changed) as written
)
  select (select string_agg('{"id":' || id || '}', ',' order by id) from changed) as json,
  (select count(*)::integer from faults) as "faultCount",
  (
    select coalesce(json_agg(json_build_object('at', at - 1, 'field', field) order by at, field), '[]')
    from (select * from faults order by at, field limit 100) as first
  ) as faults
