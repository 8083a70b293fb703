-- access
-- reads no table
select quote_ident(current_user) as role,
  (1000 * extract(epoch from current_setting('statement_timeout')::interval))::float8 as "statementTimeout",
  (select case when rolsuper then -1 else rolconnlimit end from pg_roles where rolname = current_user) as "connectionLimit",
  to_json(array(
    select 'usage on schema ' || nspname
    from pg_namespace where nspname in ('public', 'rollup') and not has_schema_privilege(oid, 'usage')
    union all
    select 'select on all tables in schema rollup'
    where exists (
      select from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where nspname = 'rollup' and relkind in ('r', 'v', 'm', 'p') and not has_table_privilege(pg_class.oid, 'select')
    )
    union all
    select 'select on public.' || relname
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace
    where nspname = 'public' and relname in ('users', 'posts', 'comments', 'sessions', 'post_views') and not has_table_privilege(pg_class.oid, 'select')
    union all
    select format('execute on function rollup.%I(%s)', proname, pg_get_function_identity_arguments(pg_proc.oid))
    from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where nspname = 'rollup' and proname in ('crowd_size', 'table_of', 'crowd_since', 'crowd_position', 'quarter', 'utc_day', 'steps', 'month_of', 'retention_moved', 'expected_posts', 'expected_users', 'expected_labelled', 'expected_preferring', 'has_trigrams', 'expected_work') and not has_function_privilege(pg_proc.oid, 'execute')
  )) as missing
