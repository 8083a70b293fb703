-- user_erase
-- reads no table
with found as materialized (
  select id, ($1::text[] is null or "users".xmin::text = any ($1::text[])) as "isMatch"
  from "users" where id = $2::bigint and erased_at is null for no key update
), changed as (
  update "users" set username = 'erased', email = null, preferences = '{}', last_seen_at = null, erased_at = now(),
    deleted_at = coalesce("users"."deleted_at", now()), updated_at = greatest(now(), "users"."updated_at" + interval '1 microsecond')
  from found where "users"."id" = found.id and "isMatch"
  returning "users"."id" as id, null::jsonb as old, null::jsonb as new
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $3::text, 'erase', 'users', id, old, new, $4::text, $5::inet from changed
)
  select "isMatch" from found
