import { type SQL, sql } from 'drizzle-orm'
import { countAfter, countAll, countSince } from '../rollup/counts.ts'
import { landBefore, landOn } from '../rollup/jump.ts'
import type { Kind } from '../rollup/kinds.ts'
import type { FilterSql } from '../rollup/sources.ts'
import { type Asked, type Landing, type ListSql, type Order, orderOf } from './list.ts'
import { walked } from './walk.ts'

/** Rows of a kind, as rollups count them. */
export type Counted = {
  readonly kind: Kind
  readonly filter: FilterSql
  readonly isBounded: boolean
}

/** The number of rows between the bounds. */
export const countedTotal = ({ filter, isBounded }: Counted, asked: Asked): SQL =>
  isBounded
    ? sql`${countAfter(filter, asked.after)} - ${countSince(filter, asked.before)}`
    : countAll(filter)

/**
 * Lands in a list sorted by creation at any depth, by the rollups, which number rows from the newest.
 */
export function landByRollup(
  { kind, filter, isBounded }: Counted,
  order: Order,
  asked: Asked,
): Landing {
  const newer = isBounded ? countSince(filter, asked.before) : sql.raw('0')
  const until = isBounded ? countAfter(filter, asked.after) : countAll(filter)
  const skip = sql`${asked.skip}::bigint`
  const landed =
    order === 'desc'
      ? landBefore(filter, sql`(select newer from numbers) + ${skip}`)
      : landOn(filter, sql`(select until from numbers) - ${skip}`)
  return {
    ctes: sql`numbers as materialized (select ${newer} as newer, ${until} as until), ${landed.ctes}`,
    position: landed.beyond(kind),
    total: sql`(select until - newer from numbers)`,
  }
}

/** Rows that a jump passes over at most, from the nearer end of a list whose positions no rollup knows. */
export const mostPassedOver = 50_000
const most = sql.raw(String(mostPassedOver))
const mostRows = sql.raw(String(mostPassedOver + 1))

/** Of a list that is filtered row by row, too long to be counted: from its first row on. */
export const mostFiltered = 1_000

/** Lands by passing over rows in their indexes, from whichever end is near enough; further in there is no position. `reach`: from the first row. */
export function landFromNearerEnd(
  list: Omit<ListSql, 'landing'>,
  asked: Asked,
  reach = most,
): Landing {
  const { sources, walk, order, total } = list
  const skip = sql`${asked.skip}::bigint`
  const left = sql`(select n from size) - ${skip}`
  const row = (direction: 'next' | 'prev', offset: SQL, guard: SQL) => {
    const inOrder = orderOf(order, direction)
    const limit = sql`least(${offset} + 1, ${mostRows})`
    const branches = sources.map(
      ({ from, bare = from, where, key, id }) => sql`(select * from (
            select ${key} as key, ${id} as id from ${bare} where ${where} and ${guard}
            order by ${inOrder} limit ${limit}
          ) as source order by ${inOrder} limit ${mostRows})`,
    )
    const step = { direction, position: undefined }
    const all = walk
      ? [
          ...branches,
          sql`(select key, id from (${walked(list, walk, step)}) as matching
            where ${guard} order by ${inOrder} limit ${limit})`,
        ]
      : branches
    return sql`(select * from (${sql.join(all, sql.raw('\n          union all\n          '))}) as passed
        order by ${inOrder} offset ${offset} limit 1)`
  }
  return {
    ctes: sql`size as materialized (select ${total} as n),
    reached as materialized (
      ${row('next', sql`greatest(${skip} - 1, 0)`, sql`${skip} <= ${reach}`)}
      union all
      ${row('prev', sql`greatest(${left}, 0)`, sql`${skip} > ${most} and ${left} between 0 and ${most}`)}
    )`,
    position: sql.raw('((select key from reached), (select id from reached))'),
    total: sql.raw('(select n from size)'),
  }
}
