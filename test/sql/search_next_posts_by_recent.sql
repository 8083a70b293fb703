-- search_next_posts_by_recent
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
  select $2::timestamptz as at, $3::timestamptz as top_at, $4::timestamptz as edge_at, $5::bigint as edge_id, $6::text as way,
    $7::bigint as matches, $8::boolean as is_exact
),
every as materialized (
  select "posts"."id" as id, "posts"."created_at" as created_at, "posts".ctid as place from "posts"
  where "posts"."deleted_at" is null and "posts"."document" @@ (select query from asked) and (select way from plan) = 'a' limit 12500 + 1
),
recent as materialized (
  select "posts"."id" as id, "posts"."created_at" as created_at, "posts".ctid as place from "posts"
  where "posts"."deleted_at" is null and "posts"."document" @@ (select query from asked) and (select way from plan) = 'r'
    and "posts"."created_at" between (select edge_at from plan) and (select top_at from plan) limit 12500 + 1
),
indexed as materialized (select * from every union all select * from recent),
walked as materialized (
  select id, created_at, place from (
    select *, ctid as place from "posts"
    where "posts"."deleted_at" is null and "posts"."created_at" <= (select top_at from plan) and ("posts"."created_at", "posts"."id") >= ((select edge_at from plan), (select edge_id from plan))
      and ((select way from plan) = 'w' or (select count(*) from indexed) > 12500)
    order by created_at desc, id desc limit 20000
  ) as "posts"
  where "posts"."document" @@ (select query from asked) order by created_at desc, id desc
  limit 10000
),
found as materialized (
  select * from indexed where not (select count(*) from indexed) > 12500 and created_at <= (select top_at from plan)
  union all
  select * from walked
),
matching as materialized (
  select * from found where (created_at, id) >= ((select edge_at from plan), (select edge_id from plan))
  order by created_at desc, id desc limit 10000
),
known as materialized (select matches, is_exact from plan),
edge as materialized (select edge_at as at, edge_id as id from plan),
ranked as materialized (
  select matching.id, (extract(epoch from "posts"."created_at") * 1000000)::bigint as key from matching join "posts" on "posts".ctid = place
),
page as materialized (
  select id, key, row_number() over (order by key desc, id desc) as nth from ranked where (key, id) < ($9::bigint, $10::bigint)
  order by key desc, id desc offset 0 limit $11::int + 1
)
select (
  select string_agg(concat('{"type":"post","id":', "posts"."id", ',"title":', coalesce(to_json(left("posts"."title", 300))::text, 'null'),
    ',"headline":', to_json(replace(replace(replace(replace(replace(replace(replace(ts_headline('rollup.search', translate(regexp_replace(concat_ws(E'\n', left("posts"."title", 300), left("posts"."body", 2000)), E'\\S{200}', E'\\& ', 'g'), '', ''), (select query from asked), 'StartSel=, StopSel=, MaxFragments=2, MinWords=8, MaxWords=25, FragmentDelimiter=" … "'), '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;'), '', '<mark>'), '', '</mark>')),
    ',"author":', coalesce('{"id":' || "users"."id" || ',"username":' || to_json("users"."username") || '}', 'null'),
    ',"createdAt":"', to_char("posts"."created_at" at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","rank":', trim_scale(round((ts_rank("posts"."document", (select query from asked), 16)::float8 / (1 + greatest(extract(epoch from (select at from plan) - "posts"."created_at")::float8, 0) / 7776000))::numeric, 9)), '}'), ',' order by page.key desc, page.id desc)
  from (
    select id, key from page where nth - 0 <= $11::int
  ) as page join "posts" on "posts"."id" = page.id left join "users" on "users"."deleted_at" is null and "users"."id" = "posts"."author_id"
) as items,
  (select json_build_array(key::text, id::text) from page where nth - 0 <= $11::int order by key desc, id desc limit 1) as first, (select json_build_array(key::text, id::text) from page where nth - 0 <= $11::int order by key, id limit 1) as last,
  (select count(*) from page) > $11::int as "goesOn", (exists (select from ranked where (key, id) >= ($9::bigint, $10::bigint))) as "isPreceded",
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
