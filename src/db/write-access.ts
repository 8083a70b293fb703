import { sql } from 'drizzle-orm'
import type { Pool } from './database.ts'
import { statement } from './statement.ts'

/** Grants that a server's role lacks to take writes and to run jobs, by catalogs alone; none on a standby. */
const missingForWrites = statement<Record<never, never>, { role: string; missing: string[] }>(
  'missing_for_writes',
  { reads: [] },
  () => sql<{ role: string; missing: string[] }>`
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
    where not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off'`,
)

/**
 * What a server that only reads lacks to take writes and to run jobs, in a sentence with the grants; undefined where it lacks
 * nothing.
 * @throws the error of PostgreSQL or the driver
 */
export async function writesBarred(pool: Pool): Promise<string | undefined> {
  const [found] = await pool.transaction({ access: 'read only' }, (db) => db.run(missingForWrites))
  if (!found || found.missing.length === 0) return undefined
  const grants = found.missing.map((what) => `grant ${what} to ${found.role};`)
  return `The role ${found.role} serves reads; what writes and jobs take besides: ${grants.join(' ')}`
}
