-- comment_create_many
-- reads no table
with given as materialized (
  select * from rows from (
    json_to_recordset($1::text::json) as ("postId" bigint, "authorId" bigint, "body" text, "createdAt" timestamp with time zone)
  ) with ordinality as given ("postId", "authorId", "body", "createdAt", at)
), "live_postId" as materialized (
  select "posts"."id" from "posts" where "posts"."id" = any (array(select distinct "postId" from given)) and "posts"."deleted_at" is null order by "posts"."id" for share
), "live_authorId" as materialized (
  select "users"."id" from "users" where "users"."id" = any (array(select distinct "authorId" from given)) and "users"."deleted_at" is null
), faults as materialized (
  select at, 'postId' as field from given where "postId" not in (select id from "live_postId") and "postId" is not null
  union all
  select at, 'authorId' as field from given where "authorId" not in (select id from "live_authorId") and "authorId" is not null
), changed as (
  insert into "comments" ("post_id", "author_id", "body", "created_at", "updated_at")
  select given."postId", given."authorId", given."body", coalesce(given."createdAt", now()), coalesce(given."createdAt", now())
  from given where not exists (select from faults) order by at
  returning *
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'create', 'comments', id, old, new, $3::text, $4::inet from (select id, null::jsonb as old, jsonb_build_object('postId', changed."post_id", 'authorId', changed."author_id", 'body', changed."body", 'createdAt', to_char(changed."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as new from changed) as written
)
  select (select string_agg('{"id":' || id || '}', ',' order by id) from changed) as json,
  (select count(*)::integer from faults) as "faultCount",
  (
    select coalesce(json_agg(json_build_object('at', at - 1, 'field', field) order by at, field), '[]')
    from (select * from faults order by at, field limit 100) as first
  ) as faults
