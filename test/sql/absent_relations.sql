-- absent_relations
-- reads no table
select expected.schema || '.' || expected.name as name
from (
  select 'public' as schema, unnest(array['users', 'posts', 'comments', 'sessions']) as name
  union all
  select 'rollup', unnest(array['active_users', 'counts', 'current_buckets', 'current_totals', 'current_user_days', 'current_versions', 'pending_active', 'pending_counts', 'totals'])
) as expected
where not exists (
  select from pg_class where relname = expected.name
    and relnamespace = (select oid from pg_namespace where nspname = expected.schema)
)
