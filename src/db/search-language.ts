import { sql } from 'drizzle-orm'
import type { Line } from './bulk/line.ts'
import { compile, statement } from './statement.ts'

type Sql = Line['sql']

/** What posts are searched in, as the database says; no row before the migration that brings the search. */
const findLanguage = statement<Record<never, never>, { language: string }>(
  'search_language',
  { reads: [] },
  () => sql<{ language: string }>`
    select obj_description(pg_ts_config.oid, 'pg_ts_config') as language
    from pg_ts_config join pg_namespace on pg_namespace.oid = cfgnamespace
    where cfgname = 'search' and nspname = 'rollup'`,
)

/** The language that the database has, where it is not the one asked for; without one asked for, any will do. */
export async function otherLanguage(
  sql: Sql,
  asked: string | undefined,
): Promise<string | undefined> {
  if (asked === undefined) return undefined
  const [found] = await sql.unsafe<{ language: string }[]>(compile(findLanguage).text)
  return found && found.language !== asked ? found.language : undefined
}

/** For the migration that brings the search: it begins in this language, inside the transaction. */
export const beginInLanguage = (sql: Sql, language: string) =>
  sql.unsafe(`select set_config('shopboard.search_language', $1, true)`, [language], {
    prepare: false,
  })

/** Writes what is indexed of the posts anew, and the table with it, while it is locked. */
export const changeLanguage = (sql: Sql, language: string) =>
  sql.unsafe('select rollup.search_in($1)', [language], { prepare: false })
