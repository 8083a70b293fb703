-- jobs_by_created_at_desc_bottom
-- reads no table
with page as materialized (
  select * from (
    select * from ((select * from (
      select created_at as key, id as id, kind, state, params, created_at, created_by, run_at, attempts, progress_done, progress_total, is_cancelling, ended_at, result, error
      from shopboard.jobs
      where true and true
      order by key asc, id asc limit $1::int + 1
    ) as source order by key asc, id asc limit 101)) as merged order by key asc, id asc limit $1::int + 1
  ) as sized order by key asc, id asc limit 101
)
  select string_agg(row_lines, E'\n') as rows,
  (false) as "isPreceded",
  (select count(*) from shopboard.jobs where true and true) as total,
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
