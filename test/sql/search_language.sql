-- search_language
-- reads no table
select obj_description(pg_ts_config.oid, 'pg_ts_config') as language
from pg_ts_config join pg_namespace on pg_namespace.oid = cfgnamespace
where cfgname = 'search' and nspname = 'rollup'
