import { type SQL, sql } from 'drizzle-orm'
import type { TableName } from './rollup/kinds.ts'
import type { Placeholders } from './statement.ts'

/** Who changes something, from where, in which request: what the audit log says of each change. */
export type Origin = {
  /** `key:12`, `jwt:subject`, `anyone`, `job:erase_user` */
  readonly actor: string
  readonly requestId: string | null
  /** Of the client. */
  readonly address: string | null
}

/** What the log tells of: those of the community, and what Shopboard itself keeps. */
export type AuditedTable = TableName | 'keys' | 'jobs'
export type AuditAction = 'create' | 'update' | 'delete' | 'restore' | 'erase'

/**
 * An insert, for a CTE of the statement that makes the change: an audit row for each row of the CTE `changed`, whose columns are
 * `id`, `old` and `new` (jsonb of the changed fields, or null). By the clock: those of a row are in the order of its changes, where
 * its writers waited for each other, whichever of their transactions began first.
 */
export const audited = (
  action: AuditAction,
  table: AuditedTable,
  changed: SQL,
  { actor, requestId, address }: Placeholders<Origin>,
): SQL => sql`insert into shopboard.audit_log (at, actor, action, table_name, row_id, old, new, request_id, address)
      select clock_timestamp(), ${actor}::text, '${sql.raw(action)}', '${sql.raw(table)}', id, old, new, ${requestId}::text, ${address}::inet from ${changed}`
