-- post_delete
-- reads no table
with found as materialized (
  select id, ($1::text[] is null or "posts".xmin::text = any ($1::text[])) as "isMatch" from "posts" where id = $2::bigint and deleted_at is null
), hidden as (
  update "comments" set deleted_at = now(), deleted_with_post = true
  where id in (
    select "comments"."id" from found join "comments" on "comments"."post_id" = found.id
    where "isMatch" and "comments"."deleted_at" is null
    order by "comments"."id" for no key update of "comments"
  )
  returning id
), changed as (
  update "posts" set deleted_at = now() from found where "posts"."id" = found.id and "isMatch"
  returning "posts"."id" as id, '{"deletedAt": null}'::jsonb as old, jsonb_build_object('deletedAt', case when now() < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when now() > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end) || jsonb_build_object('comments', (select count(*) from hidden)) as new
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $3::text, 'delete', 'posts', id, old, new, $4::text, $5::inet from changed
)
  select "isMatch" from found
