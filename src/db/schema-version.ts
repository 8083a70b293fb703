import { sql } from 'drizzle-orm'
import journal from '../../drizzle/meta/_journal.json' with { type: 'json' }
import type { Database } from './database.ts'
import { statement } from './statement.ts'

/** The schema of a database beside the one this program was written for. */
export type SchemaVersion = 'none' | 'older' | 'current' | 'newer'

/** Where the journal of drizzle-kit stands, and whether it may be read. */
export type Journal = {
  readonly isStandby: boolean
  readonly isThere: boolean
  readonly isReadable: boolean
  readonly role: string
}

/** Asks the catalogs alone: the role may have no right to the journal, and there may be none. */
export const findJournal = statement<Record<never, never>, Journal>(
  'find_journal',
  { reads: [] },
  () => sql<Journal>`
    select pg_is_in_recovery() as "isStandby", quote_ident(current_user) as role, journal.oid is not null as "isThere",
      coalesce(has_schema_privilege(journal.schema, 'usage') and has_table_privilege(journal.oid, 'select'), true) as "isReadable"
    from (select 1) as one left join (
      select pg_class.oid, relnamespace as schema
      from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where nspname = 'drizzle' and relname = '__drizzle_migrations'
    ) as journal on true`,
)

/** The time of the migration applied last, as the journal counts: ms since 1970. */
export const lastMigration = statement<Record<never, never>, { last: number | null }>(
  'last_migration',
  { reads: [] },
  () => sql<{ last: number | null }>`
    select max(created_at) as last from drizzle.__drizzle_migrations`,
)

/** Of the migration this program knows last. */
const newest = Math.max(...journal.entries.map(({ when }) => when))

export function versionOf(last: number | null | undefined): SchemaVersion {
  if (last === null || last === undefined) return 'none'
  if (last === newest) return 'current'
  return last < newest ? 'older' : 'newer'
}

/** The version of the schema that `db` shows. @throws a sentence where its role may not read the journal */
export async function schemaVersionIn(db: Database): Promise<SchemaVersion> {
  const [found] = await db.run(findJournal)
  if (!found?.isReadable) throw new Error(journalGrant(found?.role ?? ''))
  const [row] = found.isThere ? await db.run(lastMigration) : []
  return versionOf(row?.last)
}

/** What to tell of a schema that cannot be served. */
export const stateOf = (version: 'none' | 'older'): string =>
  version === 'none' ? 'it is not migrated' : 'its schema is older than this program'

/** What the role must be granted to read the journal. */
export const journalGrant = (role: string): string =>
  `the role ${role} may not read which migrations were applied: grant usage on schema drizzle to ${role}; grant select on drizzle.__drizzle_migrations to ${role};`
