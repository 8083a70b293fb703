-- add_key
-- reads no table
with added as (
  insert into shopboard.keys (name, prefix, hash, scopes, created_by, expires_at)
  select $1::text, $2::text, decode($3, 'hex'), $4::text[], $5::text, $6::timestamptz
  where coalesce($6::timestamptz, 'infinity') > clock_timestamp()
  returning *
), changed as (
  select id, null::jsonb as old, jsonb_build_object('name', name, 'prefix', prefix, 'scopes', scopes, 'expiresAt', to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as new from added
), log as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $5::text, 'create', 'keys', id, old, new, $7::text, $8::inet from changed
)
select id::float8, name, prefix, to_json(scopes) as scopes, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "createdAt", created_by as "createdBy",
  to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "expiresAt", to_char(revoked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "revokedAt", to_char(last_used_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "lastUsedAt" from added
