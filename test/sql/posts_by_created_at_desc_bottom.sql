-- posts_by_created_at_desc_bottom
-- reads posts, comments, users
with unfolded as materialized (
  select kind, case kind when 1 then post_id else id end as post_id, n from rollup.pending where kind in (0, 1) and n <> 0
),
  page as materialized (
    select * from (
      select * from ((select * from (
        select "posts"."created_at" as key, "posts"."id" as id, "posts"."author_id" as user_id, case when octet_length("posts"."body") > 5001 then left("posts"."body", 5001) else "posts"."body" end as body,
        case when octet_length("posts"."title") > 300 then left("posts"."title", 300) else "posts"."title" end as title, "posts"."tags" as tags, "posts"."created_at" as created_at, "posts"."updated_at" as updated_at
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
    select n from unfolded where kind in (0)
  ) as both_parts) as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
  from (
    select concat('{"id":', page.id, ',"title":', coalesce(to_json(page.title)::text, 'null'), ',"body":', to_json(case when octet_length(page.body) > 5000 then left(page.body, 5000) else page.body end),
      ',"isTruncated":', to_json(octet_length(page.body) > 5000 and char_length(page.body) > 5000),
      ',"tags":', coalesce(to_json(page.tags)::text, '[]'),
      ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"commentsCount":', coalesce((select n from rollup.post_comments where post_id = page.id), 0) + coalesce(more.n, 0), ',"viewsCount":', coalesce((select "post_views"."n" from "post_views" where "post_views"."post_id" = page.id), 0),
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as row_lines
    from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id left join (
      select post_id, sum(n) as n from unfolded where kind = 1 and post_id = any (array(select id from page)) group by post_id
    ) as more on more.post_id = page.id
    order by page.key desc, page.id desc
  ) as rows
