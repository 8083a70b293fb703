-- bounded_author_activity_top
-- reads posts, comments, users
select string_agg(item, ',') as items, count(*) as count,
  (false) as "isPreceded",
  (
    (select coalesce(sum(n), 0) from (
      select day, posts + comments as n
      from "rollup"."current_user_days" as days where user_id = $1::bigint
      union all
      select rollup.utc_day("users"."created_at"), 1
      from "users" where "users"."id" = $1::bigint and "users"."deleted_at" is null) as d where day > rollup.utc_day(($2::timestamptz + interval '1 microsecond')::timestamptz))
    + (
      select coalesce(sum(n), 0) from (
        select count(*) as n from "posts" where "posts"."deleted_at" is null and "posts"."author_id" = $1::bigint
          and "posts"."created_at" >= ($2::timestamptz + interval '1 microsecond')::timestamptz and ("posts"."created_at", "posts"."id") < (((rollup.utc_day(($2::timestamptz + interval '1 microsecond')::timestamptz) + 1)::timestamp at time zone 'UTC'), (-9223372036854775808)::bigint)
        union all
        select count(*) as n from "comments" where "comments"."deleted_at" is null and "comments"."author_id" = $1::bigint
          and "comments"."created_at" >= ($2::timestamptz + interval '1 microsecond')::timestamptz and ("comments"."created_at", "comments"."id") < (((rollup.utc_day(($2::timestamptz + interval '1 microsecond')::timestamptz) + 1)::timestamp at time zone 'UTC'), (-9223372036854775808)::bigint)
        union all
        select count(*) as n from "users" where "users"."deleted_at" is null and "users"."id" = $1::bigint
          and "users"."created_at" >= ($2::timestamptz + interval '1 microsecond')::timestamptz and ("users"."created_at", "users"."id") < (((rollup.utc_day(($2::timestamptz + interval '1 microsecond')::timestamptz) + 1)::timestamp at time zone 'UTC'), (-9223372036854775808)::bigint)
      ) as rows))::bigint - (
        (select coalesce(sum(n), 0) from (
          select day, posts + comments as n
          from "rollup"."current_user_days" as days where user_id = $1::bigint
          union all
          select rollup.utc_day("users"."created_at"), 1
          from "users" where "users"."id" = $1::bigint and "users"."deleted_at" is null) as d where day > rollup.utc_day(($3)::timestamptz))
        + (
          select coalesce(sum(n), 0) from (
            select count(*) as n from "posts" where "posts"."deleted_at" is null and "posts"."author_id" = $1::bigint
              and "posts"."created_at" >= ($3)::timestamptz and ("posts"."created_at", "posts"."id") < (((rollup.utc_day(($3)::timestamptz) + 1)::timestamp at time zone 'UTC'), (-9223372036854775808)::bigint)
            union all
            select count(*) as n from "comments" where "comments"."deleted_at" is null and "comments"."author_id" = $1::bigint
              and "comments"."created_at" >= ($3)::timestamptz and ("comments"."created_at", "comments"."id") < (((rollup.utc_day(($3)::timestamptz) + 1)::timestamp at time zone 'UTC'), (-9223372036854775808)::bigint)
            union all
            select count(*) as n from "users" where "users"."deleted_at" is null and "users"."id" = $1::bigint
              and "users"."created_at" >= ($3)::timestamptz and ("users"."created_at", "users"."id") < (((rollup.utc_day(($3)::timestamptz) + 1)::timestamp at time zone 'UTC'), (-9223372036854775808)::bigint)
          ) as rows))::bigint as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
from (
  select concat(head, page.id,
    ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    '","actor":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'),
    ',"post":', coalesce('{"id":' || post_id || ',"title":' || coalesce(to_json(coalesce(page.title, case when octet_length("posts"."title") > 300 then left("posts"."title", 300) else "posts"."title" end))::text, 'null') || '}', 'null'),
    ',"excerpt":', coalesce(to_json(excerpt)::text, 'null'), '}') as item
  from (
    select * from (
      select * from ((select * from (
        select 0 as kind,
        "posts"."id" as id, "posts"."created_at" as created_at,
        '{"kind":"post","id":' as head, "posts"."author_id" as user_id,
        "posts"."id" as post_id, null::bigint as titled_by,
        case when octet_length("posts"."title") > 300 then left("posts"."title", 300) else "posts"."title" end as title, left("posts"."body", 200) as excerpt
        from "posts"
        where "posts"."deleted_at" is null and "posts"."author_id" = $1::bigint
          and "posts"."created_at" > $2::timestamptz and "posts"."created_at" < $3::timestamptz
        order by created_at desc, id desc limit $4::int + 1
      ) as source order by created_at desc, id desc limit 101)
        union all
        (select * from (
          select 1 as kind,
          "comments"."id" as id, "comments"."created_at" as created_at,
          '{"kind":"comment","id":' as head, "comments"."author_id" as user_id,
          "comments"."post_id" as post_id, "comments"."post_id" as titled_by,
          null::text as title, left("comments"."body", 200) as excerpt
          from "comments"
          where "comments"."deleted_at" is null and "comments"."author_id" = $1::bigint
            and "comments"."created_at" > $2::timestamptz and "comments"."created_at" < $3::timestamptz
          order by created_at desc, id desc limit $4::int + 1
        ) as source order by created_at desc, id desc limit 101)
        union all
        (select * from (
          select 2 as kind,
          "users"."id" as id, "users"."created_at" as created_at,
          '{"kind":"signup","id":' as head, "users"."id" as user_id,
          null::bigint as post_id, null::bigint as titled_by,
          null::text as title, null::text as excerpt
          from "users"
          where "users"."deleted_at" is null and "users"."id" = $1::bigint
            and "users"."created_at" > $2::timestamptz and "users"."created_at" < $3::timestamptz
          order by created_at desc, id desc limit $4::int + 1
        ) as source order by created_at desc, id desc limit 101)) as merged order by created_at desc, kind asc, id desc limit $4::int + 1
    ) as sized order by created_at desc, kind asc, id desc limit 101
  ) as page
  left join "users" on "users"."deleted_at" is null and "users"."id" = user_id
  left join "posts" on "posts"."deleted_at" is null and "posts"."id" = titled_by
  order by page.created_at desc, kind, page.id desc
) as items
