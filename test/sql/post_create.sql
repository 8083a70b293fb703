-- post_create
-- reads no table
with given as materialized (
  select ($1::jsonb ->> 'authorId')::bigint as "authorId", ($1::jsonb ->> 'title')::text as "title", ($1::jsonb ->> 'body')::text as "body", case jsonb_typeof($1::jsonb -> 'tags') when 'array' then array(select jsonb_array_elements_text($1::jsonb -> 'tags')) end as "tags", $1::jsonb -> 'metadata' as "metadata", ($1::jsonb ->> 'createdAt')::timestamp with time zone as "createdAt"
), checked as materialized (
  select array_remove(array[case when given."authorId" is not null and not exists (
    select from "users" where "users"."id" = given."authorId" and "users"."deleted_at" is null
  ) then 'authorId' end]::text[], null) as missing from given
), changed as (
  insert into "posts" ("author_id", "title", "body", "tags", "metadata", "created_at", "updated_at")
  select given."authorId", given."title", coalesce(given."body", ''), given."tags", coalesce(given."metadata", '{}'), coalesce(given."createdAt", now()), coalesce(given."createdAt", now())
  from given, checked where missing = '{}'
  returning *, xmin::text as version
), audited as (
  insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'create', 'posts', id, old, new, $3::text, $4::inet from (select id, null::jsonb as old, jsonb_build_object('authorId', changed."author_id", 'title', changed."title", 'body', changed."body", 'tags', changed."tags", 'metadata', changed."metadata", 'createdAt', to_char(changed."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')) as new from changed) as written
), page as materialized (
  select "posts"."id" as id, version, "posts"."author_id" as user_id, "posts"."body" as body,
    "posts"."title" as title, "posts"."tags" as tags, "posts"."created_at" as created_at, "posts"."updated_at" as updated_at, "posts"."metadata" as metadata from changed as "posts"
)
  select to_json(missing) as missing, shown.id, shown.json, shown.version
  from checked left join (
    select page.id, page.version, concat('{"id":', page.id, ',"title":', coalesce(to_json(page.title)::text, 'null'), ',"body":', to_json(page.body), ',"isTruncated":false',
      ',"tags":', coalesce(to_json(page.tags)::text, '[]'), ',"metadata":', page.metadata,
      ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"commentsCount":', coalesce((select n from rollup.post_comments where post_id = page.id), 0) + (select coalesce(sum(n), 0) from rollup.pending where kind = 1 and n <> 0 and post_id = page.id), ',"viewsCount":', coalesce((select "post_views"."n" from "post_views" where "post_views"."post_id" = page.id), 0),
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as json from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
  ) as shown on true
