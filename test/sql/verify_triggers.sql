-- verify_triggers
-- reads no table
select 'triggers' as rollup, (select count(*) from rollup.installed) as entries, count(*) as drift,
  to_json(coalesce((array_agg(concat_ws(' ', relation, name, fault) order by relation, name, fault))[:3], '{}')) as examples
from rollup.trigger_faults
