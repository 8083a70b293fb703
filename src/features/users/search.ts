import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { landFromNearerEnd, mostFiltered, mostPassedOver } from '../../db/list/landing.ts'
import type { ListParams, ListSql } from '../../db/list/list.ts'
import { kindLiteral } from '../../db/rollup/kinds.ts'
import { foldedTotals } from '../../db/rollup/tables.ts'
import { users } from '../../db/schema.ts'
import type { Placeholders } from '../../db/statement.ts'

/** Rows expected of a search up to which all that match are fetched by their trigrams, counted and sorted. */
const mostFetched = sql.raw('10000')
const expected = sql.raw('(select n from expected)')

/** Where the database's character type is C, pg_trgm takes ASCII alone for letters: of other texts all users are expected. */
const expectedOf = (pattern: SQLWrapper): SQL => sql`case
        when lower(${pattern}::text) ~ '[a-z0-9]{3}'
          or (select datctype not in ('C', 'POSIX') from pg_database where datname = current_database())
        then rollup.expected_users(${pattern}::text)
        else (select coalesce(sum(n), 0) from ${foldedTotals} where kind = ${kindLiteral('signup')})
      end`

/**
 * The users of a list whose name contains a text. PostgreSQL's own estimate decides: few are fetched and sorted, and
 * counted with that, by their trigrams and no other index; of many the list's order is walked and filtered, and nobody counts them. Nobody waits for more than a
 * bounded walk: a page may hold fewer rows than it should, and goes on from the last one read.
 */
export function searched(list: ListSql, asked: Placeholders<ListParams>): ListSql {
  const { sources } = list
  const ofAny = sql.join(
    sources.map(({ where }) => sql`(${where})`),
    sql.raw(' or '),
  )
  const key = sources[0]?.key ?? sql.empty()
  const found = {
    ...list,
    ctes: sql`expected as materialized (select ${expectedOf(asked.pattern)} as n),
    found as materialized (
      select * from (
        select * from ${users}
        where ${users.deletedAt} is null and lower(${users.username}) like lower(${asked.pattern}::text)
          and ${expected} <= ${mostFetched} offset 0
      ) as ${users}
      where ${ofAny}
    )`,
    sources: [{ from: sql`found as ${users}`, where: sql`true`, key, id: sql`${users.id}` }],
    walk: {
      sources,
      columns: sql`${users.username} as username`,
      filter: sql`lower(username) like lower(${asked.pattern}::text)`,
      isWalked: sql`${expected} > ${mostFetched}`,
    },
    total: sql`(select case when ${expected} <= ${mostFetched} then (select count(*) from found) end)`,
  }
  const reach = sql`case when ${expected} <= ${mostFetched} then ${sql.raw(String(mostPassedOver))} else ${sql.raw(String(mostFiltered))} end`
  return { ...found, landing: () => landFromNearerEnd(found, asked, reach) }
}
