import { type SQL, sql } from 'drizzle-orm'
import { landFromNearerEnd, mostFiltered, mostPassedOver } from './landing.ts'
import type { Asked, ListSql, Table } from './list.ts'

/** What narrows a list, and an index that its order does not follow finds. */
export type Match = {
  readonly table: Table
  /** Holds for rows that match. */
  readonly matches: SQL
  /** How many rows PostgreSQL expects its index to lead to. */
  readonly expected: SQL
}

/** Rows expected up to which all that match are fetched by their index, counted and sorted: 2.5 µs each where every one lies on a page of its own. */
const mostFetched = 10_000
const most = sql.raw(String(mostFetched))
const isWalked = sql.raw('(select is_walked from way)')
const isFound = sql`is_listed and not ${isWalked}`

/**
 * The rows of a list that match. PostgreSQL's own estimate decides: few are fetched and sorted, and counted with that, by
 * the index that finds them and no other; of many, or where more come than expected, the list's order is walked and filtered, and nobody
 * counts them. Nobody waits for more than a bounded walk: a page may hold fewer rows than it should, and goes on from the last one read.
 */
export function matching(
  list: ListSql,
  { table, matches, expected }: Match,
  asked: Asked,
): ListSql {
  const { sources } = list
  const ofAny = sql.join(
    sources.map(({ where }) => sql`(${where})`),
    sql.raw(' or '),
  )
  const key = sources[0]?.key ?? sql.empty()
  const found = {
    ...list,
    late: table,
    ctes: sql`expected as materialized (select ${expected} as n),
    fetched as materialized (
      select ${key} as key, ${table.id} as id, ${ofAny} as is_listed from ${table}
      where ${table.deletedAt} is null and ${matches} and (select n from expected) <= ${most} limit ${most} + 1
    ),
    way as materialized (
      select n > ${most} or (select count(*) from fetched) > ${most} as is_walked from expected
    )`,
    sources: [{ from: sql.raw('fetched'), where: isFound, key: sql.raw('key'), id: sql.raw('id') }],
    walk: { sources, matches, isWalked },
    total: sql`(select case when not ${isWalked} then (select count(*) from fetched where ${isFound}) end)`,
  }
  const reach = sql`case when ${isWalked} then ${sql.raw(String(mostFiltered))} else ${sql.raw(String(mostPassedOver))} end`
  return { ...found, landing: () => landFromNearerEnd(found, asked, reach) }
}
