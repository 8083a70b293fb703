-- what_bars_folds
-- reads no table
select case
  when pg_is_in_recovery() then 'the database is a standby'
  when current_setting('default_transaction_read_only') = 'on' then 'default_transaction_read_only is on'
  when not has_schema_privilege(pronamespace, 'usage')
  then format('it takes: grant usage on schema rollup to %I;', current_user)
  when not has_function_privilege(pg_proc.oid, 'execute')
  then format('it takes: grant execute on function rollup.fold() to %I;', current_user)
end as reason
from pg_proc join pg_namespace on pg_namespace.oid = pronamespace where nspname = 'rollup' and proname = 'fold'
