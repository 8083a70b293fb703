-- post_by_id
-- reads posts, comments, users
with page as materialized (
  select "posts"."id" as id, "posts".xmin::text as version, "posts"."author_id" as user_id, "posts"."body" as body,
    "posts"."title" as title, "posts"."created_at" as created_at, "posts"."updated_at" as updated_at from "posts" where "posts"."id" = $1::bigint and "posts"."deleted_at" is null
)
  select concat('{"id":', page.id, ',"title":', coalesce(to_json(page.title)::text, 'null'), ',"body":', to_json(page.body), ',"isTruncated":false',
    ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"commentsCount":', counted.n,
    ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as json, page.version from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
  join (
    select asked.id as post_id, (coalesce(folded.n, 0) + coalesce(changed.n, 0))::bigint as n
    from (select id from page) as asked (id)
      left join lateral (
        select n from rollup.post_comments as folded where folded.post_id = asked.id offset 0
      ) as folded on true
      left join (
        select post_id, sum(n) as n from rollup.pending_post_comments where n <> 0 and post_id in (select id from page) group by post_id
      ) as changed on changed.post_id = asked.id) as counted on counted.post_id = page.id
