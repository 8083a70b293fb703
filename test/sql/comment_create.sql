-- comment_create
-- reads no table
with given as materialized (
  select ($1::jsonb ->> 'postId')::bigint as "postId", ($1::jsonb ->> 'authorId')::bigint as "authorId", ($1::jsonb ->> 'body')::text as "body", ($1::jsonb ->> 'createdAt')::timestamp with time zone as "createdAt"
), queued as materialized (select pg_advisory_xact_lock_shared(hashtextextended('shopboard.post', given."postId")) from given), post as materialized (
  select "posts"."id" from queued, given join "posts" on "posts"."id" = given."postId"
  where "posts"."deleted_at" is null for share of "posts"
), checked as materialized (
  select array_remove(array[case when not exists (select from post) then 'postId' end, case when given."authorId" is not null and not exists (
    select from "users" where "users"."id" = given."authorId" and "users"."deleted_at" is null
  ) then 'authorId' end]::text[], null) as missing from given
), changed as (
  insert into "comments" ("post_id", "author_id", "body", "created_at", "updated_at")
  select given."postId", given."authorId", given."body", coalesce(given."createdAt", now()), coalesce(given."createdAt", now())
  from given, checked where missing = '{}'
  returning *, xmin::text as version
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'create', 'comments', id, old, new, $3::text, $4::inet from (select id, null::jsonb as old, jsonb_build_object('postId', changed."post_id", 'authorId', changed."author_id", 'body', changed."body", 'createdAt', to_char(changed."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as new from changed) as written
), page as materialized (
  select "comments"."id" as id, version, "comments"."author_id" as user_id, "comments"."post_id" as post_id, "comments"."body" as body,
    "comments"."created_at" as created_at, "comments"."updated_at" as updated_at from changed as "comments"
)
  select to_json(missing) as missing, shown.id, shown.json, shown.version
  from checked left join (
    select page.id, page.version, concat('{"id":', page.id, ',"postId":', page.post_id, ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"body":', to_json(page.body), ',"isTruncated":false',
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as json from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
  ) as shown on true
