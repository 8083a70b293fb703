-- post_update
-- reads no table
with given as materialized (
  select * from jsonb_to_record($1::jsonb) as given ("title" text, "body" text, "tags" text[], "metadata" jsonb)
), found as materialized (
  select id, ($2::text[] is null or "posts".xmin::text = any ($2::text[])) as "isMatch", "title", "body", "tags", "metadata"
  from "posts" where id = $3::bigint and deleted_at is null for no key update
), next as materialized (
  select case when $1::jsonb ? 'title' then given."title" else found."title" end as "title", case when $1::jsonb ? 'body' then given."body" else found."body" end as "body", case when $1::jsonb ? 'tags' then given."tags" else found."tags" end as "tags", case when $1::jsonb ? 'metadata' then given."metadata" else found."metadata" end as "metadata" from found, given
), compared as materialized (
  select id, jsonb_build_object('title', found."title", 'body', found."body", 'tags', found."tags", 'metadata', found."metadata") as before, jsonb_build_object('title', next."title", 'body', next."body", 'tags', next."tags", 'metadata', next."metadata") as after
  from found, next where "isMatch"
), differing as materialized (
  select id, jsonb_object_agg(key, before -> key) as old, jsonb_object_agg(key, value) as new
  from compared, jsonb_each(after) where value is distinct from before -> key
  group by id
), changed as (
  update "posts" set "title" = next."title", "body" = next."body", "tags" = next."tags", "metadata" = next."metadata", updated_at = greatest(now(), "posts"."updated_at" + interval '1 microsecond')
  from next, differing where "posts"."id" = differing.id
  returning "posts"."id" as id, old, new
), audited as (
  insert into shopboard.audit_log (actor, action, table_name, row_id, old, new, request_id, address)
  select $4::text, 'update', 'posts', id, old, new, $5::text, $6::inet from changed
)
  select "isMatch" from found
