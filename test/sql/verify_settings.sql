-- verify_settings
-- reads no table
select set_config('enable_seqscan', 'on', true), set_config('work_mem', '256MB', true),
  set_config('max_parallel_workers_per_gather', '0', true)
