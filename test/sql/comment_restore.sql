-- comment_restore
-- reads no table
with asked as materialized (
  select id, post_id from "comments" where id = $1::bigint
), queued as materialized (select pg_advisory_xact_lock_shared(hashtextextended('shopboard.post', asked.post_id)) from asked), post as materialized (
  select "posts"."id" from queued, asked join "posts" on "posts"."id" = asked.post_id
  where "posts"."deleted_at" is null for share of "posts"
), found as materialized (
  select "comments"."id", "comments"."deleted_at" from post join "comments" on "comments"."post_id" = post.id
  where "comments"."id" = $1::bigint for no key update of "comments"
), changed as (
  update "comments" set deleted_at = null, deleted_with_post = false
  from found where "comments"."id" = found.id and found.deleted_at is not null
  returning "comments"."id" as id, jsonb_build_object('deletedAt', case when found.deleted_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when found.deleted_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(found.deleted_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end) as old, '{"deletedAt": null}'::jsonb as new
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'restore', 'comments', id, old, new, $3::text, $4::inet from changed
)
  select id from asked
