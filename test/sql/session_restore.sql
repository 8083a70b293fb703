-- session_restore
-- reads no table
with found as materialized (
  select id, deleted_at from "sessions" where id = $1::bigint and true for no key update
), changed as (
  update "sessions" set deleted_at = null from found where "sessions"."id" = found.id and found.deleted_at is not null
  returning "sessions"."id" as id, jsonb_build_object('deletedAt', case when found.deleted_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when found.deleted_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(found.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end) as old, '{"deletedAt": null}'::jsonb as new
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'restore', 'sessions', id, old, new, $3::text, $4::inet from changed
)
  select id from found
