-- posts_by_created_at_desc_bottom
-- reads posts, comments, users
with page as materialized (
  select * from (
    select * from ((select * from (
      select "posts"."created_at" as key, "posts"."id" as id, "posts"."author_id" as user_id, left("posts"."body", 5001) as body,
      left("posts"."title", 300) as title, "posts"."created_at" as created_at, "posts"."updated_at" as updated_at
      from "posts"
      where "posts"."deleted_at" is null
      order by key asc, id asc limit $1::int + 1
    ) as source order by key asc, id asc limit 101)) as merged order by key asc, id asc limit $1::int + 1
  ) as sized order by key asc, id asc limit 101
)
  select string_agg(row_lines, E'\n') as rows,
  (false) as "isPreceded",
  (select coalesce(sum(n), 0)::bigint from (
    select "rollup"."totals"."n" as n from "rollup"."totals" where "rollup"."totals"."kind" in (0)
    union all
    select "pending_counts"."n" from "rollup"."pending_counts" where "pending_counts"."kind" in (0)
  ) as both_parts) as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
  from (
    select concat('["', to_char(page.key at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","', page.id, '"]', E'\n', '{"id":', page.id, ',"title":', coalesce(to_json(page.title)::text, 'null'), ',"body":', to_json(left(page.body, 5000)), ',"isTruncated":', to_json(char_length(page.body) > 5000),
      ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"commentsCount":', counted.n,
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as row_lines
    from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
    join (
      select asked.id as post_id, (coalesce(folded.n, 0) + coalesce(changed.n, 0))::bigint as n
      from (select id from page) as asked (id)
        left join lateral (
          select n from rollup.post_comments as folded where folded.post_id = asked.id offset 0
        ) as folded on true
        left join (
          select post_id, sum(n) as n from rollup.pending_post_comments where n <> 0 and post_id in (select id from page) group by post_id
        ) as changed on changed.post_id = asked.id) as counted on counted.post_id = page.id
    order by page.key desc, page.id desc
  ) as rows
