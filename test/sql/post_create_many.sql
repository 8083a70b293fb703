-- post_create_many
-- reads no table
with given as materialized (
  select * from rows from (
    json_to_recordset($1::text::json) as ("authorId" bigint, "title" text, "body" text, "tags" text[], "metadata" jsonb, "createdAt" timestamp with time zone)
  ) with ordinality as given ("authorId", "title", "body", "tags", "metadata", "createdAt", at)
), "live_authorId" as materialized (
  select "users"."id" from "users" where "users"."id" = any (array(select distinct "authorId" from given)) and "users"."deleted_at" is null
), faults as materialized (
  select at, 'authorId' as field from given where "authorId" not in (select id from "live_authorId") and "authorId" is not null
), changed as (
  insert into "posts" ("author_id", "title", "body", "tags", "metadata", "created_at", "updated_at")
  select given."authorId", given."title", coalesce(given."body", ''), given."tags", coalesce(given."metadata", '{}'), coalesce(given."createdAt", now()), coalesce(given."createdAt", now())
  from given where not exists (select from faults) order by at
  returning *
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'create', 'posts', id, old, new, $3::text, $4::inet from (select id, null::jsonb as old, jsonb_build_object('authorId', changed."author_id", 'title', changed."title", 'body', changed."body", 'tags', changed."tags", 'metadata', changed."metadata", 'createdAt', to_char(changed."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as new from changed) as written
)
  select (select string_agg('{"id":' || id || '}', ',' order by id) from changed) as json,
  (select count(*)::integer from faults) as "faultCount",
  (
    select coalesce(json_agg(json_build_object('at', at - 1, 'field', field) order by at, field), '[]')
    from (select * from faults order by at, field limit 100) as first
  ) as faults
