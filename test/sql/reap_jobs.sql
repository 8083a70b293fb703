-- reap_jobs
-- reads no table
with lost as (
  select id, run_id from shopboard.jobs
  where state = 'running' and heartbeat_at < clock_timestamp() - interval '30 seconds'
  for update skip locked
),
run as (
  update shopboard.job_runs set ended_at = clock_timestamp(), outcome = 'lost'
  from lost where job_runs.id = lost.run_id
)
update shopboard.jobs set
  state = case when is_cancelling then 'cancelled' when attempts >= 5 then 'dead' else 'waiting' end,
  run_at = clock_timestamp(),
  ended_at = case when is_cancelling or attempts >= 5 then clock_timestamp() end,
  is_cancelling = false, heartbeat_at = null, error = 'The server that ran it fell silent.'
from lost where jobs.id = lost.id
returning jobs.id, kind, state
