-- jobs_by_created_at_desc_page
-- reads no table
with size as materialized (select (select count(*) from shopboard.jobs where true and true) as n),
  reached as materialized (
    (select * from ((select * from (
      select created_at as key, id as id from shopboard.jobs where true and true and $1::bigint <= 50000
      order by key desc, id desc limit least(greatest($1::bigint - 1, 0) + 1, 50001)
    ) as source order by key desc, id desc limit 50001)) as passed
      order by key desc, id desc offset greatest($1::bigint - 1, 0) limit 1)
    union all
    (select * from ((select * from (
      select created_at as key, id as id from shopboard.jobs where true and true and $1::bigint > 50000 and (select n from size) - $1::bigint between 0 and 50000
      order by key asc, id asc limit least(greatest((select n from size) - $1::bigint, 0) + 1, 50001)
    ) as source order by key asc, id asc limit 50001)) as passed
      order by key asc, id asc offset greatest((select n from size) - $1::bigint, 0) limit 1)
  ),
  page as materialized (
    select * from (
      select * from ((select * from (
        select created_at as key, id as id, kind, state, params, created_at, created_by, run_at, attempts, progress_done, progress_total, is_cancelling, ended_at, result, error
        from shopboard.jobs
        where true and true
          and (created_at, id) < ((select key from reached), (select id from reached))
        order by key desc, id desc limit $2::int + 1
      ) as source order by key desc, id desc limit 101)) as merged order by key desc, id desc limit $2::int + 1
    ) as sized order by key desc, id desc limit 101
  )
  select string_agg(row_lines, E'\n') as rows,
  ($1::bigint > 0) as "isPreceded",
  (select n from size) as total,
  to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "asOf"
  from (
    select concat('{"id":', page.id, ',"kind":', to_json(page.kind), ',"state":"', page.state, '","params":', page.params,
      ',"createdAt":', coalesce(to_json(to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null'), ',"createdBy":', to_json(page.created_by), ',"runAt":', coalesce(to_json(to_char(page.run_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null'),
      ',"attempts":', page.attempts, ',"progress":{"done":', coalesce(page.progress_done::text, 'null'), ',"total":', coalesce(page.progress_total::text, 'null'),
      '},"isCancelling":', to_json(page.is_cancelling), ',"endedAt":', coalesce(to_json(to_char(page.ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null'),
      ',"result":', coalesce(page.result::text, 'null'), ',"error":', coalesce(to_json(page.error)::text, 'null'), '}') as row_lines
    from page
    order by page.key desc, page.id desc
  ) as rows
