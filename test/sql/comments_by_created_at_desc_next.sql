-- comments_by_created_at_desc_next
-- reads comments, users
with page as materialized (
  select * from (
    select * from ((select * from (
      select "comments"."created_at" as key, "comments"."id" as id, "comments"."author_id" as user_id, "comments"."post_id" as post_id, case when octet_length("comments"."body") > 5001 then left("comments"."body", 5001) else "comments"."body" end as body,
      "comments"."created_at" as created_at, "comments"."updated_at" as updated_at
      from "comments"
      where "comments"."deleted_at" is null
        and ("comments"."created_at", "comments"."id") < ($1::timestamptz, $2::bigint)
      order by key desc, id desc limit $3::int + 1
    ) as source order by key desc, id desc limit 101)) as merged order by key desc, id desc limit $3::int + 1
  ) as sized order by key desc, id desc limit 101
)
  select string_agg(row_lines, E'\n') as rows,
  (coalesce((select true from (
    select "comments"."created_at" as key, "comments"."id" as id from "comments"
    where "comments"."deleted_at" is null  and ("comments"."created_at", "comments"."id") >= ($1::timestamptz, $2::bigint)
    order by key asc, id asc limit 1) as behind), false)) as "isPreceded",
  (select coalesce(sum(n), 0)::bigint from (
    select "rollup"."totals"."n" as n from "rollup"."totals" where "rollup"."totals"."kind" in (1)
    union all
    select n from "rollup"."pending_counts" where kind in (1)
  ) as both_parts) as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
  from (
    select concat('{"id":', page.id, ',"postId":', page.post_id, ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'), ',"body":', to_json(case when octet_length(page.body) > 5000 then left(page.body, 5000) else page.body end),
      ',"isTruncated":', to_json(octet_length(page.body) > 5000 and char_length(page.body) > 5000),
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","updatedAt":"', case when page.updated_at < '0001-01-01T00:00:00.000000Z' then '0001-01-01T00:00:00.000000Z' when page.updated_at > '9999-12-31T23:59:59.999999Z' then '9999-12-31T23:59:59.999999Z' else to_char(page.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') end, '"}') as row_lines
    from page left join "users" on "users"."deleted_at" is null and "users"."id" = page.user_id
    order by page.key desc, page.id desc
  ) as rows
