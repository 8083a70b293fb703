-- session_update
-- reads no table
with found as materialized (
  select id, ($1::text[] is null or "sessions".xmin::text = any ($1::text[])) as "isMatch", "last_seen_at"
  from "sessions" where id = $2::bigint and deleted_at is null for no key update
), next as materialized (
  select case when $3::jsonb ? 'lastSeenAt' then ($3::jsonb ->> 'lastSeenAt')::timestamp with time zone else found."last_seen_at" end as "last_seen_at" from found
), compared as materialized (
  select id, jsonb_build_object('lastSeenAt', case when found."last_seen_at" < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when found."last_seen_at" > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(found."last_seen_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end) as before, jsonb_build_object('lastSeenAt', case when next."last_seen_at" < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when next."last_seen_at" > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(next."last_seen_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end) as after
  from found, next where "isMatch"
), differing as materialized (
  select id, jsonb_object_agg(key, before -> key) as old, jsonb_object_agg(key, value) as new
  from compared, jsonb_each(after) where value is distinct from before -> key
  group by id
), changed as (
  update "sessions" set "last_seen_at" = next."last_seen_at"
  from next, differing where "sessions"."id" = differing.id
  returning "sessions"."id" as id, old, new
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $4::text, 'update', 'sessions', id, old, new, $5::text, $6::inet from changed
)
  select "isMatch" from found
