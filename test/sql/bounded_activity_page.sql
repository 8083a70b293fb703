-- bounded_activity_page
-- reads posts, comments, users
with target as (select (
  (select coalesce(sum(n), 0) from (
    select posts + comments + signups as n from "rollup"."counts" as folded
    where span = 'month' and bucket >= ((date_trunc('month', ($1)::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') and bucket < 'infinity'
    union all
    select posts + comments + signups as n from "rollup"."counts" as folded
    where span = 'day' and bucket >= ((date_trunc('day', ($1)::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC') and bucket < ((date_trunc('month', ($1)::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC')
    union all
    select posts + comments + signups as n from "rollup"."counts" as folded
    where span = 'quarter' and bucket >= rollup.quarter(($1)::timestamptz) + interval '15 minutes' and bucket < ((date_trunc('day', ($1)::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC')
    union all
    select n from "rollup"."pending_counts" as pending
    where kind in (0, 1, 2) and bucket >= rollup.quarter(($1)::timestamptz) + interval '15 minutes'
  ) as whole_buckets)
  + case when (
    select coalesce(sum(n), 0) from (
      select posts + comments + signups as n from "rollup"."counts" as folded
      where span = 'quarter' and bucket >= rollup.quarter(($1)::timestamptz) and bucket < rollup.quarter(($1)::timestamptz) + interval '15 minutes'
        union all
        select n from "rollup"."pending_counts" as pending where kind in (0, 1, 2) and bucket = rollup.quarter(($1)::timestamptz)
    ) as both_parts
  ) > rollup.crowd_size()
  then rollup.crowd_since(0, rollup.quarter(($1)::timestamptz), ($1)::timestamptz, (-9223372036854775808)::bigint) + rollup.crowd_since(1, rollup.quarter(($1)::timestamptz), ($1)::timestamptz, (-9223372036854775808)::bigint) + rollup.crowd_since(2, rollup.quarter(($1)::timestamptz), ($1)::timestamptz, (-9223372036854775808)::bigint)
  else (
    select coalesce(sum(n), 0) from (
      select count(*) as n from "posts" where "posts"."deleted_at" is null
        and "posts"."created_at" >= ($1)::timestamptz and "posts"."created_at" < rollup.quarter(($1)::timestamptz) + interval '15 minutes'
      union all
      select count(*) as n from "comments" where "comments"."deleted_at" is null
        and "comments"."created_at" >= ($1)::timestamptz and "comments"."created_at" < rollup.quarter(($1)::timestamptz) + interval '15 minutes'
      union all
      select count(*) as n from "users" where "users"."deleted_at" is null
        and "users"."created_at" >= ($1)::timestamptz and "users"."created_at" < rollup.quarter(($1)::timestamptz) + interval '15 minutes'
    ) as rows) end)::bigint + $2::bigint as row_number),
  pending as materialized (
    select bucket, sum(n) as n from "rollup"."pending_counts" as pending where kind in (0, 1, 2) group by bucket
  ),
  month as (
    select bucket, ((date_trunc('month', bucket at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') as until, n, above
    from (
      select bucket, n, top_above + sum(n) over (order by bucket desc) - n as above
      from (
        select parts.bucket, min(top.above) as top_above, sum(parts.n) as n
        from (select '-infinity'::timestamptz as bucket, 'infinity'::timestamptz as until, 0 as above) as top, lateral (
          select bucket, posts + comments + signups as n from "rollup"."counts" as folded
          where span = 'month' and bucket >= top.bucket and bucket < top.until
          union all
          select date_trunc('month', bucket, 'UTC'), n from pending where bucket >= top.bucket and bucket < top.until
        ) as parts
        group by parts.bucket
      ) as summed
    ) as running, target
    where above <= row_number and row_number < above + n
  ),
  day as (
    select bucket, ((date_trunc('day', bucket at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC') as until, n, above
    from (
      select bucket, n, top_above + sum(n) over (order by bucket desc) - n as above
      from (
        select parts.bucket, min(top.above) as top_above, sum(parts.n) as n
        from month as top, lateral (
          select bucket, posts + comments + signups as n from "rollup"."counts" as folded
          where span = 'day' and bucket >= top.bucket and bucket < top.until
          union all
          select date_trunc('day', bucket, 'UTC'), n from pending where bucket >= top.bucket and bucket < top.until
        ) as parts
        group by parts.bucket
      ) as summed
    ) as running, target
    where above <= row_number and row_number < above + n
  ),
  quarter_hour as (
    select bucket, rollup.quarter(bucket) + interval '15 minutes' as until, n, above
    from (
      select bucket, n, top_above + sum(n) over (order by bucket desc) - n as above
      from (
        select parts.bucket, min(top.above) as top_above, sum(parts.n) as n
        from day as top, lateral (
          select bucket, posts + comments + signups as n from "rollup"."counts" as folded
          where span = 'quarter' and bucket >= top.bucket and bucket < top.until
          union all
          select bucket, n from pending where bucket >= top.bucket and bucket < top.until
        ) as parts
        group by parts.bucket
      ) as summed
    ) as running, target
    where above <= row_number and row_number < above + n
  ),
  located as (select bucket, until, n, (row_number - above)::bigint as rest from quarter_hour, target),
  landed as materialized (
    select until as at, 3::smallint as kind, (-9223372036854775808)::bigint as id, rest from located where n <= rollup.crowd_size()
    union all
    select crowd.* from located, rollup.crowd_position(array[0, 1, 2]::smallint[], bucket, located.rest) as crowd
    where n > rollup.crowd_size()
  ),
  reached as materialized (
    select at, kind, id from landed where rest = 0
    union all
    (select created_at, kind, id from ((
      select 0 as kind, "posts"."id" as id, "posts"."created_at" as created_at
      from "posts"
      where "posts"."deleted_at" is null  and ("posts"."created_at", "posts"."id") < ((select at from landed), (
        select case when kind = 0 then id when kind < 0 then 9223372036854775807 else (-9223372036854775808)::bigint end
        from landed))
      order by created_at desc, id desc limit (select coalesce(min(rest), 0) from landed))
      union all
      (
        select 1 as kind, "comments"."id" as id, "comments"."created_at" as created_at
        from "comments"
        where "comments"."deleted_at" is null  and ("comments"."created_at", "comments"."id") < ((select at from landed), (
          select case when kind = 1 then id when kind < 1 then 9223372036854775807 else (-9223372036854775808)::bigint end
          from landed))
        order by created_at desc, id desc limit (select coalesce(min(rest), 0) from landed))
      union all
      (
        select 2 as kind, "users"."id" as id, "users"."created_at" as created_at
        from "users"
        where "users"."deleted_at" is null  and ("users"."created_at", "users"."id") < ((select at from landed), (
          select case when kind = 2 then id when kind < 2 then 9223372036854775807 else (-9223372036854775808)::bigint end
          from landed))
        order by created_at desc, id desc limit (select coalesce(min(rest), 0) from landed))) as merged
      order by created_at desc, kind asc, id desc offset greatest((select coalesce(min(rest), 0) from landed) - 1, 0) limit least((select coalesce(min(rest), 0) from landed), 1))
  )
  select string_agg(item, ',') as items, count(*) as count,
  ($2::bigint > 0) as "isPreceded",
  (
    (select coalesce(sum(n), 0) from (
      select posts + comments + signups as n from "rollup"."counts" as folded
      where span = 'month' and bucket >= ((date_trunc('month', ($3::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') and bucket < 'infinity'
      union all
      select posts + comments + signups as n from "rollup"."counts" as folded
      where span = 'day' and bucket >= ((date_trunc('day', ($3::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC') and bucket < ((date_trunc('month', ($3::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC')
      union all
      select posts + comments + signups as n from "rollup"."counts" as folded
      where span = 'quarter' and bucket >= rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes' and bucket < ((date_trunc('day', ($3::timestamptz + interval '1 microsecond')::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC')
      union all
      select n from "rollup"."pending_counts" as pending
      where kind in (0, 1, 2) and bucket >= rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'
    ) as whole_buckets)
    + case when (
      select coalesce(sum(n), 0) from (
        select posts + comments + signups as n from "rollup"."counts" as folded
        where span = 'quarter' and bucket >= rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz) and bucket < rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'
          union all
          select n from "rollup"."pending_counts" as pending where kind in (0, 1, 2) and bucket = rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz)
      ) as both_parts
    ) > rollup.crowd_size()
    then rollup.crowd_since(0, rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz), ($3::timestamptz + interval '1 microsecond')::timestamptz, (-9223372036854775808)::bigint) + rollup.crowd_since(1, rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz), ($3::timestamptz + interval '1 microsecond')::timestamptz, (-9223372036854775808)::bigint) + rollup.crowd_since(2, rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz), ($3::timestamptz + interval '1 microsecond')::timestamptz, (-9223372036854775808)::bigint)
    else (
      select coalesce(sum(n), 0) from (
        select count(*) as n from "posts" where "posts"."deleted_at" is null
          and "posts"."created_at" >= ($3::timestamptz + interval '1 microsecond')::timestamptz and "posts"."created_at" < rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'
        union all
        select count(*) as n from "comments" where "comments"."deleted_at" is null
          and "comments"."created_at" >= ($3::timestamptz + interval '1 microsecond')::timestamptz and "comments"."created_at" < rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'
        union all
        select count(*) as n from "users" where "users"."deleted_at" is null
          and "users"."created_at" >= ($3::timestamptz + interval '1 microsecond')::timestamptz and "users"."created_at" < rollup.quarter(($3::timestamptz + interval '1 microsecond')::timestamptz) + interval '15 minutes'
      ) as rows) end)::bigint - (
        (select coalesce(sum(n), 0) from (
          select posts + comments + signups as n from "rollup"."counts" as folded
          where span = 'month' and bucket >= ((date_trunc('month', ($1)::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC') and bucket < 'infinity'
          union all
          select posts + comments + signups as n from "rollup"."counts" as folded
          where span = 'day' and bucket >= ((date_trunc('day', ($1)::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC') and bucket < ((date_trunc('month', ($1)::timestamptz at time zone 'UTC') + interval '1 month')::timestamp at time zone 'UTC')
          union all
          select posts + comments + signups as n from "rollup"."counts" as folded
          where span = 'quarter' and bucket >= rollup.quarter(($1)::timestamptz) + interval '15 minutes' and bucket < ((date_trunc('day', ($1)::timestamptz at time zone 'UTC') + interval '1 day')::timestamp at time zone 'UTC')
          union all
          select n from "rollup"."pending_counts" as pending
          where kind in (0, 1, 2) and bucket >= rollup.quarter(($1)::timestamptz) + interval '15 minutes'
        ) as whole_buckets)
        + case when (
          select coalesce(sum(n), 0) from (
            select posts + comments + signups as n from "rollup"."counts" as folded
            where span = 'quarter' and bucket >= rollup.quarter(($1)::timestamptz) and bucket < rollup.quarter(($1)::timestamptz) + interval '15 minutes'
              union all
              select n from "rollup"."pending_counts" as pending where kind in (0, 1, 2) and bucket = rollup.quarter(($1)::timestamptz)
          ) as both_parts
        ) > rollup.crowd_size()
        then rollup.crowd_since(0, rollup.quarter(($1)::timestamptz), ($1)::timestamptz, (-9223372036854775808)::bigint) + rollup.crowd_since(1, rollup.quarter(($1)::timestamptz), ($1)::timestamptz, (-9223372036854775808)::bigint) + rollup.crowd_since(2, rollup.quarter(($1)::timestamptz), ($1)::timestamptz, (-9223372036854775808)::bigint)
        else (
          select coalesce(sum(n), 0) from (
            select count(*) as n from "posts" where "posts"."deleted_at" is null
              and "posts"."created_at" >= ($1)::timestamptz and "posts"."created_at" < rollup.quarter(($1)::timestamptz) + interval '15 minutes'
            union all
            select count(*) as n from "comments" where "comments"."deleted_at" is null
              and "comments"."created_at" >= ($1)::timestamptz and "comments"."created_at" < rollup.quarter(($1)::timestamptz) + interval '15 minutes'
            union all
            select count(*) as n from "users" where "users"."deleted_at" is null
              and "users"."created_at" >= ($1)::timestamptz and "users"."created_at" < rollup.quarter(($1)::timestamptz) + interval '15 minutes'
          ) as rows) end)::bigint as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
  from (
    select concat(head, page.id,
      ',"createdAt":"', to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      '","actor":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'),
      ',"post":', coalesce('{"id":' || post_id || ',"title":' || coalesce(to_json(coalesce(page.title, left("posts"."title", 300)))::text, 'null') || '}', 'null'),
      ',"excerpt":', coalesce(to_json(excerpt)::text, 'null'), '}') as item
    from (
      select * from (
        select * from ((select * from (
          select 0 as kind,
          "posts"."id" as id, "posts"."created_at" as created_at,
          '{"kind":"post","id":' as head, "posts"."author_id" as user_id,
          "posts"."id" as post_id, null::bigint as titled_by,
          left("posts"."title", 300) as title, left("posts"."body", 200) as excerpt
          from "posts"
          where "posts"."deleted_at" is null
            and ("posts"."created_at", "posts"."id") < ((select at from reached), (
              select case when kind = 0 then id when kind < 0 then 9223372036854775807 else (-9223372036854775808)::bigint end
              from reached))
            and "posts"."created_at" > $3::timestamptz and "posts"."created_at" < $1::timestamptz
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
            where "comments"."deleted_at" is null
              and ("comments"."created_at", "comments"."id") < ((select at from reached), (
                select case when kind = 1 then id when kind < 1 then 9223372036854775807 else (-9223372036854775808)::bigint end
                from reached))
              and "comments"."created_at" > $3::timestamptz and "comments"."created_at" < $1::timestamptz
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
            where "users"."deleted_at" is null
              and ("users"."created_at", "users"."id") < ((select at from reached), (
                select case when kind = 2 then id when kind < 2 then 9223372036854775807 else (-9223372036854775808)::bigint end
                from reached))
              and "users"."created_at" > $3::timestamptz and "users"."created_at" < $1::timestamptz
            order by created_at desc, id desc limit $4::int + 1
          ) as source order by created_at desc, id desc limit 101)) as merged order by created_at desc, kind asc, id desc limit $4::int + 1
      ) as sized order by created_at desc, kind asc, id desc limit 101
    ) as page
    left join "users" on "users"."deleted_at" is null and "users"."id" = user_id
    left join "posts" on "posts"."deleted_at" is null and "posts"."id" = titled_by
    order by page.created_at desc, kind, page.id desc
  ) as items
