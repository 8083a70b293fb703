import { type SQLWrapper, sql } from 'drizzle-orm'
import type { Kind } from '../rollup/kinds.ts'
import { type FilterSql, matchesFilter, sourcesOf } from '../rollup/sources.ts'
import { countedTotal, landByRollup } from './landing.ts'
import type { Asked, Item, ListSql, Order } from './list.ts'

export type ByCreation = {
  readonly kind: Kind
  readonly item: Item
  readonly order: Order
  readonly isBounded: boolean
  readonly filter: Omit<FilterSql, 'kinds'>
}

/** A list sorted by creation, counted and jumped in by the rollups. */
export function listByCreation(
  { kind, item, order, isBounded, filter }: ByCreation,
  asked: Asked,
): ListSql {
  const counted = { kind, isBounded, filter: { ...filter, kinds: [kind] } }
  return {
    sources: sourcesOf(counted.filter).map((source) => ({
      from: sql`${source.table}`,
      where: sql`${matchesFilter(source, counted.filter)}${isBounded ? within(source.table.createdAt, asked) : sql.empty()}`,
      key: sql`${source.table.createdAt}`,
      id: sql`${source.table.id}`,
    })),
    key: 'instant',
    order,
    item,
    total: countedTotal(counted, asked),
    landing: () => landByRollup(counted, order, asked),
  }
}

export const within = (createdAt: SQLWrapper, asked: Asked) =>
  sql` and ${createdAt} > ${asked.after}::timestamptz and ${createdAt} < ${asked.before}::timestamptz`
