-- post_by_id
-- reads posts, comments, users
with page as (
  select "posts"."id" as id, "posts".xmin::text as version, "posts"."author_id" as user_id, "posts"."body" as body,
    "posts"."title" as title, "posts"."tags" as tags, "posts"."created_at" as created_at, "posts"."updated_at" as updated_at, "posts"."metadata" as metadata from "posts" where "posts"."id" = $1::bigint and "posts"."deleted_at" is null
)
  select concat('{"id":', page.id, ',"title":', coalesce(to_json(page.title)::text, 'null'), ',"body":', to_json(page.body), ',"isTruncated":false',
    ',"tags":', coalesce(to_json(page.tags)::text, '[]'), ',"metadata":', page.metadata,
    ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"commentsCount":', coalesce((select n from rollup.post_comments where post_id = page.id), 0) + (select coalesce(sum(n), 0) from rollup.pending where kind = 1 and n <> 0 and post_id = page.id), ',"viewsCount":', coalesce((select "post_views"."n" from "post_views" where "post_views"."post_id" = page.id), 0),
    ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as json, page.version from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
