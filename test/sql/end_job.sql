-- end_job
-- reads no table
with own as (
  select id, run_id, case when is_cancelling and $1::text <> 'done' then 'cancelled' else $1::text end as outcome
  from shopboard.jobs where id = $2::bigint and run_id = $3::bigint and state = 'running'
  for update
),
run as (
  update shopboard.job_runs set ended_at = clock_timestamp(), outcome = own.outcome, row_count = $4::bigint,
    error = case when own.outcome = 'failed' then $5::text end
  from own where job_runs.id = own.run_id
)
update shopboard.jobs set
  state = case own.outcome
  when 'failed' then case when attempts >= 5 then 'dead' else 'waiting' end
  when 'stopped' then 'waiting'
  else own.outcome end,
  run_at = case own.outcome
  when 'failed' then clock_timestamp() + interval '1 minute' * power(4, attempts - 1) * (0.75 + random() / 2)
  when 'stopped' then clock_timestamp()
  else run_at end,
  attempts = attempts - (own.outcome = 'stopped')::int,
  ended_at = case when own.outcome in ('done', 'cancelled') or own.outcome = 'failed' and attempts >= 5 then clock_timestamp() end,
  is_cancelling = false, heartbeat_at = null, result = $6::text::jsonb,
  error = case when own.outcome = 'failed' then $5::text end,
  progress_done = $7::bigint, progress_total = $8::bigint
from own where jobs.id = own.id
returning state
