-- job_heartbeat
-- reads no table
update shopboard.jobs
set heartbeat_at = clock_timestamp(), progress_done = $1::bigint, progress_total = $2::bigint
where id = $3::bigint and run_id = $4::bigint and state = 'running'
returning is_cancelling as "isCancelling"
