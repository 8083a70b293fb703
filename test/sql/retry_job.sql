-- retry_job
-- reads no table
with found as (select id, kind, key, state from shopboard.jobs where id = $1::bigint for update),
changed as (
  update shopboard.jobs set state = 'waiting', run_at = clock_timestamp(), ended_at = null,
    attempts = case found.state when 'waiting' then attempts else 0 end
  from found where jobs.id = found.id and found.state in ('dead', 'cancelled', 'waiting') and not exists (
    select from shopboard.jobs as live
    where live.kind = found.kind and live.key = found.key and live.state in ('waiting', 'running') and live.id <> found.id
  )
  returning jobs.id, jsonb_build_object('state', found.state) as old,
    jsonb_build_object('state', jobs.state, 'isCancelling', jobs.is_cancelling) as new
),
logged as (insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'update', 'jobs', id, old, new, $3::text, $4::inet from changed)
select state, exists (select from changed) as "isChanged" from found
