import { type SQL, sql } from 'drizzle-orm'
import { beyond, type ListSql, orderOf, type Walk } from './list.ts'

/** Rows read for a page at most, 5 to 15 ms of them: where hardly any match, the next page goes on from the last one read. */
const mostWalked = 5_000

export type Step = {
  readonly direction: 'next' | 'prev'
  readonly position: SQL | undefined
}

/** The rows read, and whether they match: merged before they are filtered, so that none is passed by. */
function read(
  { order }: Pick<ListSql, 'order'>,
  walk: Walk,
  { direction, position }: Step,
  matches: SQL,
): SQL {
  const inOrder = orderOf(order, direction)
  const limit = sql.raw(String(mostWalked))
  const branches = walk.sources.map(
    ({
      from,
      where,
      key,
      id,
    }) => sql`(select ${key} as key, ${id} as id, ${matches} as is_match from ${from}
              where ${where} and ${walk.isWalked}
                ${position ? sql`and (${key}, ${id}) ${beyond(order, direction)} ${position}` : sql.empty()}
              order by ${inOrder} limit ${limit})`,
  )
  return sql`select * from (${sql.join(branches, sql.raw('\n            union all\n            '))}) as merged
            order by ${inOrder} limit ${limit}`
}

/** The `(key, id)` of those that match, without their order. */
export const walked = (list: Pick<ListSql, 'order'>, walk: Walk, step: Step): SQL =>
  sql`select key, id from (${read(list, walk, step, walk.matches)}) as walked where is_match`

/** The `(key, id)` of the last row that a page may read; none where the list ends before. */
export const endOfWalk = (list: Pick<ListSql, 'order'>, walk: Walk, step: Step): SQL =>
  sql`select key, id from (${read(list, walk, step, sql.raw('true'))}) as walked
          order by ${orderOf(list.order, step.direction)} offset ${sql.raw(String(mostWalked - 1))} limit 1`
