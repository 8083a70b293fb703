-- job_by_id
-- reads no table
select concat('{"id":', page.id, ',"kind":', to_json(page.kind), ',"state":"', page.state, '","params":', page.params,
  ',"createdAt":', coalesce(to_json(to_char(page.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null'), ',"createdBy":', to_json(page.created_by), ',"runAt":', coalesce(to_json(to_char(page.run_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null'),
  ',"attempts":', page.attempts, ',"progress":{"done":', coalesce(page.progress_done::text, 'null'), ',"total":', coalesce(page.progress_total::text, 'null'),
  '},"isCancelling":', to_json(page.is_cancelling), ',"endedAt":', coalesce(to_json(to_char(page.ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null'),
  ',"result":', coalesce(page.result::text, 'null'), ',"error":', coalesce(to_json(page.error)::text, 'null'), ',"runs":', '[' || coalesce((
    select string_agg(concat('{"id":', page.id, ',"worker":', to_json(page.worker), ',"startedAt":', coalesce(to_json(to_char(page.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null'),
      ',"endedAt":', coalesce(to_json(to_char(page.ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text, 'null'), ',"outcome":', coalesce(to_json(page.outcome)::text, 'null'),
      ',"rows":', coalesce(page.row_count::text, 'null'), ',"error":', coalesce(to_json(page.error)::text, 'null'), '}'), ',' order by page.id desc)
    from (select * from shopboard.job_runs where job_id = job.id order by id desc limit 20) as page
  ), '') || ']', '}') as json, version
from (select id, xmin::text as version, kind, state, params, created_at, created_by, run_at, attempts, progress_done, progress_total, is_cancelling, ended_at, result, error from shopboard.jobs where id = $1::bigint) as page,
  lateral (select page.id) as job
