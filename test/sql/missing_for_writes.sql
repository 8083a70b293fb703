-- missing_for_writes
-- reads no table
select quote_ident(current_user) as role, to_json(array(
  select 'usage on schema shopboard' where not has_schema_privilege('shopboard', 'usage')
  union all
  select format('%s on %s', string_agg(privilege, ', '), relation)
  from (
    select format('%I.%I', nspname, relname) as relation, pg_class.oid as relation_oid, privilege
    from pg_class join pg_namespace on pg_namespace.oid = relnamespace,
      unnest(array['select', 'insert', 'update', 'delete']) with ordinality as each (privilege, place)
    where nspname in ('public', 'shopboard') and relkind in ('r', 'p') and not relispartition
      and relname <> 'key_changes'
      and (privilege <> 'delete' or relname in ('users', 'sessions') or nspname = 'shopboard' and relname not in ('audit_log', 'keys'))
    order by nspname, relname, place
  ) as needed
  where not has_table_privilege(relation_oid, privilege)
  group by relation
  union all
  select format('execute on function %s', pg_proc.oid::regprocedure)
  from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
  where nspname = 'shopboard' and proname = 'tend_audit' and not has_function_privilege(pg_proc.oid, 'execute')
)) as missing
where not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off'
