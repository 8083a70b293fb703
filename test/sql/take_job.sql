-- take_job
-- reads no table
with due as (
  select id from shopboard.jobs
  where state = 'waiting' and run_at <= clock_timestamp() and kind = any($1::text[])
  order by run_at, id limit 1
  for update skip locked
),
run as (
  insert into shopboard.job_runs (job_id, worker) select id, $2::text from due
  returning id, job_id
)
update shopboard.jobs set state = 'running', run_id = run.id, attempts = attempts + 1, heartbeat_at = clock_timestamp(),
  progress_done = null, progress_total = null, ended_at = null
from run where jobs.id = run.job_id
returning jobs.id, kind, params, run_id as "runId"
