-- find_journal
-- reads no table
select pg_is_in_recovery() as "isStandby", quote_ident(current_user) as role, journal.oid is not null as "isThere",
  coalesce(has_schema_privilege(journal.schema, 'usage') and has_table_privilege(journal.oid, 'select'), true) as "isReadable"
from (select 1) as one left join (
  select pg_class.oid, relnamespace as schema
  from pg_class join pg_namespace on pg_namespace.oid = relnamespace
  where nspname = 'drizzle' and relname = '__drizzle_migrations'
) as journal on true
