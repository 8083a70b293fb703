-- what_bars_jobs
-- reads no table
select case
  when pg_is_in_recovery() then 'the database is a standby'
  when current_setting('default_transaction_read_only') = 'on' then 'default_transaction_read_only is on'
  when not has_schema_privilege('shopboard', 'usage')
  then format('it takes: grant usage on schema shopboard to %I;', current_user)
  when exists (
    select from unnest(array['jobs', 'job_runs']) as name, unnest(array['select', 'insert', 'update', 'delete']) as privilege
    where not has_table_privilege('shopboard.' || name, privilege)
  ) then format('it takes: grant select, insert, update, delete on shopboard.jobs, shopboard.job_runs to %I;', current_user)
end as reason
