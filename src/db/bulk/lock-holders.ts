import type { Line } from './line.ts'

type Sql = Line['sql']

/** The processes that hold the advisory lock `key`, for people; empty where nobody does. */
export const holdersOfLock = (sql: Sql, key: number): Promise<string> =>
  holders(
    sql,
    `locktype = 'advisory' and objsubid = 1 and classid = ${Math.floor(key / 2 ** 32)} and objid = ${key % 2 ** 32}`,
  )

/** The processes that have written to the tables of `public` or locked them, and are not done. */
export const holdersOfTables = (sql: Sql): Promise<string> =>
  holders(
    sql,
    `mode <> 'AccessShareLock' and relation in (select oid from pg_class where relnamespace = to_regnamespace('public'))`,
  )

/** The processes that hold what the session of this process waits for; empty where it waits for no lock. */
export const holdersBefore = (sql: Sql, pid: number): Promise<string> =>
  holders(sql, `pid in (select unnest(pg_blocking_pids(${pid})))`)

type Holder = { readonly pid: number; readonly name: string | null; readonly since: string | null }

/** What a role may not see of another's processes is left out. */
async function holders(sql: Sql, condition: string): Promise<string> {
  const found = await sql.unsafe<Holder[]>(`
    select distinct pid, nullif(application_name, '') as name,
      to_char(xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC, ' || state as since
    from pg_locks left join pg_stat_activity using (pid)
    where granted and pid <> pg_backend_pid() and database = (select oid from pg_database where datname = current_database())
      and ${condition}
    order by pid limit 5`)
  return found
    .map(({ pid, name, since }) =>
      [`process ${pid}`, name && `(${name})`, since && `since ${since}`].filter(Boolean).join(' '),
    )
    .join('; ')
}
