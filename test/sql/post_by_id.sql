-- post_by_id
-- reads posts, comments, users
select concat('{"id":', page.id, ',"title":', coalesce(to_json(page.title)::text, 'null'), ',"body":', to_json(page.body), ',"isTruncated":false',
  ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"commentsCount":', ((select coalesce(sum(n), 0) from rollup.post_comments where post_id = page.id) + (select coalesce(sum(n), 0) from rollup.pending_post_comments where post_id = page.id)),
  ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '"}') as json
from (select "posts"."id" as id, "posts"."author_id" as user_id, "posts"."body" as body,
  left("posts"."title", 300) as title, "posts"."created_at" as created_at, "posts"."updated_at" as updated_at from "posts" where "posts"."id" = $1::bigint and "posts"."deleted_at" is null) as page
left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
