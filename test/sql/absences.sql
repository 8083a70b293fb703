-- absences
-- reads no table
select expected.schema || '.' || expected.name as name
from (
  select 'public' as schema, unnest(array['users', 'posts', 'comments', 'sessions', 'post_views']) as name
  union all
  select 'rollup', unnest(array['active_users', 'counts', 'current_buckets', 'current_post_comments', 'current_totals', 'current_user_days', 'current_versions', 'pending_active', 'pending_counts', 'pending_retention', 'pending_user_days', 'pending_user_totals', 'retention', 'totals', 'user_days', 'user_totals'])
) as expected
where not exists (
  select from pg_class where relname = expected.name
    and relnamespace = (select oid from pg_namespace where nspname = expected.schema)
)
union all
select 'rollup.' || called || '()' from unnest(array['crowd_size', 'table_of', 'crowd_since', 'crowd_position', 'quarter', 'utc_day', 'steps', 'month_of', 'retention_moved', 'expected_posts', 'expected_users', 'expected_labelled', 'expected_preferring', 'has_trigrams', 'expected_work']) as called
where not exists (
  select from pg_proc where proname = called and pronamespace = (select oid from pg_namespace where nspname = 'rollup')
)
