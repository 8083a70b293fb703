import { getTableName, getViewName, is, type SQL, sql, Table, View } from 'drizzle-orm'
import { sqlStateOf } from '../errors/postgres.ts'
import { shopboard } from '../invocation.ts'
import type { Database, Pool } from './database.ts'
import * as rollupTables from './rollup/tables.ts'
import { comments, posts, postViews, sessions, users } from './schema.ts'
import { statement } from './statement.ts'

/** What the role of a server finds. */
type Access = {
  /** ms, as set for this connection. */
  readonly statementTimeout: number
  readonly role: string
  /** Of its connections; -1 for none. */
  readonly connectionLimit: number
  /** Grants it would take to read what is there. */
  readonly missing: readonly string[]
}

const list = (texts: readonly string[]): SQL => sql.raw(texts.map((text) => `'${text}'`).join(', '))

const publicTables = [users, posts, comments, sessions, postViews].map(getTableName)
const rollupRelations = Object.values(rollupTables)
  .flatMap((each) => {
    if (is(each, Table)) return [getTableName(each)]
    return is(each, View) ? [getViewName(each)] : []
  })
  .toSorted()
/** What the views of the rollups and the queries call; granted to PUBLIC, unless a restore left grants out. */
const called = [
  'crowd_size',
  'table_of',
  'crowd_since',
  'crowd_position',
  'quarter',
  'utc_day',
  'steps',
  'month_of',
  'retention_moved',
  'expected_posts',
  'expected_users',
  'expected_labelled',
  'expected_preferring',
  'has_trigrams',
  'expected_work',
]

/** What a server reads or calls that is not there, by catalogs alone: 0.2 ms. */
const absences = statement<Record<never, never>, { name: string }>(
  'absences',
  { reads: [] },
  () => sql<{ name: string }>`
    select expected.schema || '.' || expected.name as name
    from (
      select 'public' as schema, unnest(array[${list(publicTables)}]) as name
      union all
      select 'rollup', unnest(array[${list(rollupRelations)}])
    ) as expected
    where not exists (
      select from pg_class where relname = expected.name
        and relnamespace = (select oid from pg_namespace where nspname = expected.schema)
    )
    union all
    select 'rollup.' || called || '()' from unnest(array[${list(called)}]) as called
    where not exists (
      select from pg_proc where proname = called and pronamespace = (select oid from pg_namespace where nspname = 'rollup')
    )`,
)

/** 0.5 ms: `pg_settings` would take ten times that. */
const access = statement<Record<never, never>, Access>(
  'access',
  { reads: [] },
  () => sql<Access>`
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
        where nspname = 'public' and relname in (${list(publicTables)}) and not has_table_privilege(pg_class.oid, 'select')
        union all
        select format('execute on function rollup.%I(%s)', proname, pg_get_function_identity_arguments(pg_proc.oid))
        from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
        where nspname = 'rollup' and proname in (${list(called)}) and not has_function_privilege(pg_proc.oid, 'execute')
      )) as missing`,
)

/** Its schema is not there, or not to be read, as its message says in a sentence. */
export class Unfit extends Error {
  override readonly name = 'Unfit'
}

/** Unfit, or no such schema, table, column or function, or no right to it. */
export const isUnfit = (error: unknown): boolean =>
  error instanceof Unfit || /^(3F000|42P01|42703|42883|42501)$/.test(sqlStateOf(error) ?? '')

/**
 * What keeps a server from working through `pool`, in a sentence: a relation that is not there, a right that it lacks,
 * too few connections that it may have, or a pooler that leaves its settings out. Undefined where nothing does.
 * @throws the error of PostgreSQL or the driver
 */
export async function faultOf(
  pool: Pool,
  statementTimeout: number,
  fewest = 0,
): Promise<string | undefined> {
  try {
    const found = await pool.transaction({ access: 'read only' }, expectFit)
    const { role, connectionLimit } = found
    if (connectionLimit >= 0 && connectionLimit < fewest)
      return `the role ${role} may have ${connectionLimit} connections, and it takes ${fewest} at least: alter role ${role} connection limit -1;`
    if (found.statementTimeout === statementTimeout) return undefined
    return `a connection pooler stands before it and leaves out what a connection asks for (statement_timeout is ${found.statementTimeout}, not ${statementTimeout}): set POOLER=transaction`
  } catch (error) {
    if (error instanceof Unfit) return error.message
    throw error
  }
}

/** @throws Unfit where a relation is not there, or the role lacks a right; the error of PostgreSQL or the driver */
export async function expectFit(db: Database): Promise<Access> {
  const [[found], absent] = await Promise.all([db.run(access), db.run(absences)])
  if (!found) throw new Error('The statement gave no row')
  if (absent.length > 0) throw new Unfit(absenceOf(absent))
  if (found.missing.length === 0) return found
  const grants = found.missing.map((what) => `grant ${what} to ${found.role};`)
  throw new Unfit(`the role ${found.role} may not read all of it: ${grants.join(' ')}`)
}

const absenceOf = (absent: readonly { readonly name: string }[]): string =>
  `it has no ${absent.map(({ name }) => name).join(', ')}: restore what is missing, or where it never was run "${shopboard} migrate"`
