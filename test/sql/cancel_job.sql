-- cancel_job
-- reads no table
with found as (select id, kind, key, state from shopboard.jobs where id = $1::bigint for update),
changed as (
  update shopboard.jobs set
    state = case found.state when 'waiting' then 'cancelled' else found.state end,
    ended_at = case found.state when 'waiting' then clock_timestamp() end,
    is_cancelling = found.state = 'running'
  from found where jobs.id = found.id and found.state in ('waiting', 'running')
  returning jobs.id, jsonb_build_object('state', found.state) as old,
    jsonb_build_object('state', jobs.state, 'isCancelling', jobs.is_cancelling) as new
),
logged as (insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
  select clock_timestamp(), $2::text, 'update', 'jobs', id, old, new, $3::text, $4::inet from changed)
select state, exists (select from changed) as "isChanged" from found
