-- search_posts_by_recent
-- reads posts, users
with
asked as materialized (
  select *, '%' || replace(replace(replace(name, E'\\', E'\\\\'), '%', E'\\%'), '_', E'\\_') || '%' as pattern
  from (select websearch_to_tsquery('rollup.search', $1::text) as query, lower(btrim($1::text)) as name) as given
),
live as materialized (
  select coalesce(sum(n), 0)::bigint as n from "rollup"."current_totals" where kind = 0
),
plan as materialized (
  select at, timestamptz '9999-12-31T23:59:59.999999Z' as top_at, case way when 'r' then day else '-infinity' end as edge_at, (-9223372036854775808)::bigint as edge_id, way, matches,
    case when n <= 10000 then n else (10000 / (select 1 + numnode(query) / 70.0 from asked))::bigint end as most
  from (
    select *, case
      when matches = 0 then 'n'
      when not (select querytree(query) <> 'T' and (numnode(query) = 1 or rollup.expected_work(query) <= 60000) from asked) then 'w'
      when matches <= 10000 then 'a'
      when day is not null then 'r'
      else 'w' end as way
    from (select n, case when (select numnode(query) > 0 from asked) then least((select rollup.expected_posts(query) from asked), n) else 0 end as matches from live) as expected
    left join lateral (
      select day from (
        select day, sum(n) over (order by day desc) as reached from (
          select bucket as day, posts as n from "rollup"."counts" as folded where span = 'day'
          union all
          select date_trunc('day', bucket, 'UTC'), n from "rollup"."pending_counts" as pending
          where kind = 0
        ) as days
      ) as days
      where matches between 10001 and least(60000, n / 12)
        and reached between 1.5 * 1000 * n / greatest(matches, 1) and 200000
      order by day desc limit 1) as enough on true
  ) as chosen, lateral (select date_trunc('hour', now(), 'UTC') + interval '1 hour' as at) as hour
),
every as materialized (
  select "posts"."id" as id, "posts"."created_at" as created_at, "posts".ctid as place from "posts"
  where "posts"."deleted_at" is null and "posts"."document" @@ (select query from asked) and (select way from plan) = 'a' limit 10000 + 1
),
recent as materialized (
  select "posts"."id" as id, "posts"."created_at" as created_at, "posts".ctid as place from "posts"
  where "posts"."deleted_at" is null and "posts"."document" @@ (select query from asked) and (select way from plan) = 'r'
    and "posts"."created_at" between (select edge_at from plan) and (select top_at from plan) limit 10000 + 1
),
indexed as materialized (select * from every union all select * from recent),
walked as materialized (
  select id, created_at, place from (
    select *, ctid as place from "posts"
    where "posts"."deleted_at" is null and "posts"."created_at" <= (select top_at from plan) and ("posts"."created_at", "posts"."id") >= ((select edge_at from plan), (select edge_id from plan))
      and ((select way from plan) = 'w' or (select count(*) from indexed) > 10000)
    order by created_at desc, id desc limit (select most from plan)
  ) as "posts"
  where "posts"."document" @@ (select query from asked) order by created_at desc, id desc
  limit case when (select n from live) > 10000 then 1000 end
),
found as materialized (
  select * from indexed where not (select count(*) from indexed) > 10000 and created_at <= (select top_at from plan)
  union all
  select * from walked
),
matching as materialized (
  select * from found where (created_at, id) >= ((select edge_at from plan), (select edge_id from plan))
  order by created_at desc, id desc limit 1000
),
sizes as materialized (
  select (select count(*) from found) as found, (select count(*) from matching) as matching, (select count(*) from indexed) > 10000 as overflows
),
known as materialized (
  select case when is_exact then found when way = 'w' and found < 1000 and not (select numnode(query) = 1 from asked) then found * n / most
    else greatest(matches, found, case when overflows then 10001 end) end as matches, is_exact
  from sizes, plan, live, lateral (
    select way = 'n' or way = 'a' and not overflows or way <> 'r' and (
      n <= most
    ) as is_exact
  ) as counted
),
edge as materialized (
  select at, id from (
    (
      select 1 as turn, created_at as at, id from matching
      where (select case when is_exact then found > matching else matching >= 1000 end from sizes, known)
      order by at, id limit 1
    )
    union all
    select 2, edge_at, edge_id from plan where way = 'r'
    union all (
      select 2, created_at, id from "posts"
      where deleted_at is null and created_at <= (select top_at from plan) and (select not is_exact and matching < 1000 and (way = 'w' or overflows) from known, plan, sizes)
      order by created_at desc, id desc offset (select greatest(most, 1) - 1 from plan) limit 1
    )
    union all
    select 3, '-infinity', (-9223372036854775808)::bigint
  ) as edges
  order by turn, at desc, id desc limit 1
),
ranked as materialized (
  select matching.id, (extract(epoch from "posts"."created_at") * 1000000)::bigint as key from matching join "posts" on "posts".ctid = place
),
page as materialized (
  select id, key, row_number() over (order by key desc, id desc) as nth from ranked where true
  order by key desc, id desc offset $2::bigint limit $3::int + 1
)
select (
  select string_agg(concat('{"type":"post","id":', "posts"."id", ',"title":', coalesce(to_json(left("posts"."title", 300))::text, 'null'),
    ',"headline":', to_json(replace(replace(replace(replace(replace(replace(replace(ts_headline('rollup.search', translate(regexp_replace(concat_ws(E'\n', left("posts"."title", 300), left("posts"."body", 2000)), E'\\S{200}', E'\\& ', 'g'), '', ''), (select query from asked), 'StartSel=, StopSel=, MaxFragments=2, MinWords=8, MaxWords=25, FragmentDelimiter=" … "'), '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;'), '', '<mark>'), '', '</mark>')),
    ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'),
    ',"createdAt":"', to_char("posts"."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","rank":', trim_scale(round((ts_rank("posts"."document", (select query from asked), 16)::float8 / (1 + greatest(extract(epoch from (select at from plan) - "posts"."created_at")::float8, 0) / 7776000))::numeric, 9)), '}'), ',' order by page.key desc, page.id desc)
  from (
    select id, key from page where nth - $2::bigint <= $3::int
  ) as page join "posts" on "posts"."id" = page.id left join "users" on "users"."deleted_at" is null and "users"."id" = "posts"."author_id"
) as items,
  (select json_build_array(key::text, id::text) from page where nth - $2::bigint <= $3::int order by key desc, id desc limit 1) as first, (select json_build_array(key::text, id::text) from page where nth - $2::bigint <= $3::int order by key, id limit 1) as last,
  (select count(*) from page) > $3::int as "goesOn", ($2::bigint > 0) as "isPreceded",
  (select count(*) from ranked) as total,
  known.matches as posts, (
    select case way when 'n' then null when 'a' then (select case when n > 10000 and count(*) > 2500 then greatest(count(*), matches) else count(*) end from (
      select from "users" where "users"."deleted_at" is null and lower("users"."username") like (select pattern from asked) and way = 'a'
      limit case when n > 10000 then 2501 end
    ) as every) when 'w' then (select count(*) from (
      select * from "users" where "users"."deleted_at" is null and way = 'w' order by created_at desc, id desc limit 10000
    ) as "users" where lower("users"."username") like (select pattern from asked)) else matches end
    from (
      select matches, n, case when not answerable then 'n' when indexed and matches <= 10000 then 'a' when n <= 10000 then 'w' else 'e' end as way
      from (
        select (select name ~ case when 'ж' ~ '[[:alpha:]]' then '[[:alnum:]]{3}' else '([[:alnum:]]|[^ -~]){3}' end from asked) as answerable, (select rollup.has_trigrams(name) from asked) as indexed, least((select rollup.expected_users(pattern) from asked), n) as matches, n
        from (select coalesce(sum(n), 0)::bigint as n from "rollup"."current_totals" where kind = 2) as live
      ) as expected
    ) as chosen
  ) as users, known.matches, known.is_exact as "isExact",
  to_char(plan.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, to_char(coalesce((select max(created_at) from matching), top_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "topAt", case when isfinite(edge.at) then to_char(edge.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') else '-infinity' end as "edgeAt", edge.id::text as "edgeId", way,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
from plan, known, edge
