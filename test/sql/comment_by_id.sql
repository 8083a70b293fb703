-- comment_by_id
-- reads comments, users
with page as (
  select "comments"."id" as id, "comments".xmin::text as version, "comments"."author_id" as user_id, "comments"."post_id" as post_id, "comments"."body" as body,
    "comments"."created_at" as created_at, "comments"."updated_at" as updated_at from "comments" where "comments"."id" = $1::bigint and "comments"."deleted_at" is null
)
  select concat('{"id":', page.id, ',"postId":', page.post_id, ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"body":', to_json(page.body), ',"isTruncated":false',
    ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as json, page.version from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
