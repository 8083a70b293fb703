import { type SQL, sql } from 'drizzle-orm'

/** The largest page and the row that tells whether another follows: with an open limit the planner expects millions. */
const mostRows = sql.raw('101')

export type Merge = {
  /** The order in which each source gives its rows. */
  readonly within: SQL
  /** The order of them all, which is that of each source's rows. */
  readonly order: SQL
  /** Rows of a page: a parameter of the statement. */
  readonly size: SQL
}

/**
 * The rows of a page and one more, from sources that an index gives in order. Every level says its order, for the planner
 * to merge what comes ordered, and reads no more of a source than the page shows; a limit it can count on keeps it from
 * sorting tables.
 */
export function merged(sources: readonly SQL[], { within, order, size }: Merge): SQL {
  const limit = sql`${size}::int + 1`
  const branches = sources.map(
    (source) => sql`(select * from (
          ${source}
          order by ${within} limit ${limit}
        ) as source order by ${within} limit ${mostRows})`,
  )
  return sql`
        select * from (
          select * from (${sql.join(branches, sql.raw('\n        union all\n        '))}) as merged order by ${order} limit ${limit}
        ) as sized order by ${order} limit ${mostRows}
      `
}
