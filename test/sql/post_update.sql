-- post_update
-- reads no table
with found as materialized (
  select id, ($1::text[] is null or "posts".xmin::text = any ($1::text[])) as "isMatch", "title", "body", "tags", "metadata"
  from "posts" where id = $2::bigint and deleted_at is null for no key update
), next as materialized (
  select case when $3::jsonb ? 'title' then ($3::jsonb ->> 'title')::text else found."title" end as "title", case when $3::jsonb ? 'body' then ($3::jsonb ->> 'body')::text else found."body" end as "body", case when $3::jsonb ? 'tags' then case jsonb_typeof($3::jsonb -> 'tags') when 'array' then array(select jsonb_array_elements_text($3::jsonb -> 'tags')) end else found."tags" end as "tags", case when $3::jsonb ? 'metadata' then $3::jsonb -> 'metadata' else found."metadata" end as "metadata" from found
), compared as materialized (
  select id, jsonb_build_object('title', found."title", 'body', found."body", 'tags', found."tags", 'metadata', found."metadata") as before, jsonb_build_object('title', next."title", 'body', next."body", 'tags', next."tags", 'metadata', next."metadata") as after
  from found, next where "isMatch"
), differing as materialized (
  select id, jsonb_object_agg(key, before -> key) as old, jsonb_object_agg(key, value) as new
  from compared, jsonb_each(after) where value is distinct from before -> key
  group by id
), changed as (
  update "posts" set "title" = next."title", "body" = next."body", "tags" = next."tags", "metadata" = next."metadata", updated_at = least(greatest(now(), "posts"."updated_at" + interval '1 microsecond'), '9999-12-31T23:59:59.999999Z')
  from next, differing where "posts"."id" = differing.id
  returning "posts"."id" as id, old, new
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $4::text, 'update', 'posts', id, old, new, $5::text, $6::inet from changed
)
  select "isMatch" from found
