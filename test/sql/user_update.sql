-- user_update
-- reads no table
with found as materialized (
  select id, ($1::text[] is null or "users".xmin::text = any ($1::text[])) as "isMatch", "username", "email", "is_active", "is_admin", "last_seen_at", "preferences"
  from "users" where id = $2::bigint and deleted_at is null for no key update
), next as materialized (
  select case when $3::jsonb ? 'username' then ($3::jsonb ->> 'username')::text else found."username" end as "username", case when $3::jsonb ? 'email' then ($3::jsonb ->> 'email')::text else found."email" end as "email", case when $3::jsonb ? 'isActive' then ($3::jsonb ->> 'isActive')::boolean else found."is_active" end as "is_active", case when $3::jsonb ? 'isAdmin' then ($3::jsonb ->> 'isAdmin')::boolean else found."is_admin" end as "is_admin", case when $3::jsonb ? 'lastSeenAt' then ($3::jsonb ->> 'lastSeenAt')::timestamp with time zone else found."last_seen_at" end as "last_seen_at", case when $3::jsonb ? 'preferences' then $3::jsonb -> 'preferences' else found."preferences" end as "preferences" from found
), compared as materialized (
  select id, jsonb_build_object('username', found."username", 'email', found."email", 'isActive', found."is_active", 'isAdmin', found."is_admin", 'lastSeenAt', case when found."last_seen_at" < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when found."last_seen_at" > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(found."last_seen_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, 'preferences', found."preferences") as before, jsonb_build_object('username', next."username", 'email', next."email", 'isActive', next."is_active", 'isAdmin', next."is_admin", 'lastSeenAt', case when next."last_seen_at" < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when next."last_seen_at" > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(next."last_seen_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, 'preferences', next."preferences") as after
  from found, next where "isMatch"
), differing as materialized (
  select id, jsonb_object_agg(key, before -> key) as old, jsonb_object_agg(key, value) as new
  from compared, jsonb_each(after) where value is distinct from before -> key
  group by id
), changed as (
  update "users" set "username" = next."username", "email" = next."email", "is_active" = next."is_active", "is_admin" = next."is_admin", "last_seen_at" = next."last_seen_at", "preferences" = next."preferences", updated_at = least(greatest(now(), "users"."updated_at" + interval '1 microsecond'), '9999-12-31T23:59:59.999999Z')
  from next, differing where "users"."id" = differing.id
  returning "users"."id" as id, old, new
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $4::text, 'update', 'users', id, old, new, $5::text, $6::inet from changed
)
  select "isMatch" from found
