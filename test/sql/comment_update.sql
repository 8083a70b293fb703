-- comment_update
-- reads no table
with found as materialized (
  select id, ($1::text[] is null or "comments".xmin::text = any ($1::text[])) as "isMatch", "body"
  from "comments" where id = $2::bigint and deleted_at is null for no key update
), next as materialized (
  select case when $3::jsonb ? 'body' then ($3::jsonb ->> 'body')::text else found."body" end as "body" from found
), compared as materialized (
  select id, jsonb_build_object('body', found."body") as before, jsonb_build_object('body', next."body") as after
  from found, next where "isMatch"
), differing as materialized (
  select id, jsonb_object_agg(key, before -> key) as old, jsonb_object_agg(key, value) as new
  from compared, jsonb_each(after) where value is distinct from before -> key
  group by id
), changed as (
  update "comments" set "body" = next."body", updated_at = least(greatest(now(), "comments"."updated_at" + interval '1 microsecond'), '9999-12-31T23:59:59.999999Z')
  from next, differing where "comments"."id" = differing.id
  returning "comments"."id" as id, old, new
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $4::text, 'update', 'comments', id, old, new, $5::text, $6::inet from changed
)
  select "isMatch" from found
