-- revoke_key
-- reads no table
with revoked as (
  update shopboard.keys set revoked_at = now() where id = $1::bigint and revoked_at is null
  returning *
), changed as (
  select id, jsonb_build_object('revokedAt', null) as old, jsonb_build_object('revokedAt', to_char(revoked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as new from revoked
), log as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'delete', 'keys', id, old, new, $3::text, $4::inet from changed
)
select id::float8, name, prefix, to_json(scopes) as scopes, to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "createdAt", created_by as "createdBy",
  to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "expiresAt", to_char(revoked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "revokedAt", to_char(last_used_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "lastUsedAt" from revoked
