import { type SQL, sql } from 'drizzle-orm'
import { exactInstant, rfc3339 } from '../instant.ts'
import { merged } from '../keyset.ts'
import {
  type Asked,
  beyond,
  type FoundPage,
  type Key,
  type ListSql,
  orderOf,
  type Way,
} from './list.ts'
import { endOfWalk, type Step, walked } from './walk.ts'

/** A page in one statement: the rows come from their indexes in order, only those of the page are joined and written as JSON. */
export function listPage<Total extends number | null>(
  list: ListSql,
  way: Way,
  asked: Asked,
): SQL<FoundPage<Total>> {
  const landing = way === 'page' ? list.landing() : undefined
  const direction = way === 'bottom' || way === 'prev' ? 'prev' : 'next'
  const position = landing?.position ?? (way === direction ? positionOf(list, asked) : undefined)
  const isByCursor = way === 'next' || way === 'prev'
  const pruned = isByCursor && list.isPartitioned ? pruning(list, direction, asked) : sql.empty()
  const page = sql`page as materialized (${picked(list, { direction, position, pruned }, asked)})`
  const { item } = list
  const ctes = [item.ctes, list.ctes, landing?.ctes, page].filter((each) => each !== undefined)
  const { position: ofRow, isShown } = keys[list.key]
  return sql`with ${sql.join(ctes, sql.raw(',\n    '))}
    select string_agg(row_lines, E'\\n') as rows,
      (${isPreceded(list, way, asked)}) as "isPreceded",
      ${landing?.total ?? list.total} as total,${goesOnFrom(list, { direction, position }, asked)}
      ${rfc3339(sql`now()`)} as "asOf"
    from (
      select concat(${isShown ? sql.empty() : sql`${ofRow}, E'\\n', `}${item.json}) as row_lines
      from page ${item.joins}
      order by ${inList(list)}
    ) as rows`
}

function picked(
  list: ListSql,
  { direction, position, pruned }: Omit<Step, 'columns'> & { readonly pruned: SQL },
  { size }: Asked,
): SQL {
  const { sources, walk, order, item, late } = list
  const inOrder = orderOf(order, direction)
  const columns = late ? sql.empty() : sql`, ${item.columns}`
  const found = sources.map(
    ({ from, where, key, id }) => sql`select ${key} as key, ${id} as id${columns}
          from ${from}
          where ${where}
            ${position ? sql`and (${key}, ${id}) ${beyond(order, direction)} ${position}` : sql.empty()}${pruned}`,
  )
  const all = walk ? [...found, walked(list, walk, { direction, position })] : found
  const rows = merged(all, { within: inOrder, order: inOrder, size: sql`${size}` })
  return late
    ? sql`
      select rows.key, rows.id, ${item.columns} from (${rows}) as rows join ${late} on ${late}.id = rows.id`
    : rows
}

/** PostgreSQL leaves partitions out by a comparison of keys, not of rows. */
const pruning = ({ sources, order, key }: ListSql, direction: 'next' | 'prev', asked: Asked): SQL =>
  sql` and ${sources[0]?.key} ${beyond(order, direction)}= ${asked.key}::${sql.raw(keys[key].type)}`

/** The position of the last row read, where that was not enough for a page. */
const goesOnFrom = (list: ListSql, step: Step, { size }: Asked): SQL =>
  list.walk
    ? sql`
      case when (select count(*) from page) <= ${size}::int then (
        select concat(${keys[list.key].position}) from (
          ${endOfWalk(list, list.walk, step)}) as page
      ) end as "goesOnFrom",`
    : sql.empty()

const inList = ({ order }: ListSql): SQL => sql.raw(`page.key ${order}, page.id ${order}`)

const positionOf = ({ key }: ListSql, asked: Asked): SQL =>
  sql`(${asked.key}::${sql.raw(keys[key].type)}, ${asked.id}::bigint)`

type KeyOptions = { readonly type: string; readonly position: SQL; readonly isShown?: boolean }

/** Keys as parameters, and in the position of a row of `page`, a JSON array of texts: the item may show just them. */
const keys: Readonly<Record<Key, KeyOptions>> = {
  instant: {
    type: 'timestamptz',
    position: sql`'["', ${rfc3339(sql.raw('page.key'))}, '","', page.id, '"]'`,
    isShown: true,
  },
  anyInstant: {
    type: 'timestamptz',
    position: sql`'["', ${exactInstant(sql.raw('page.key'))}, '","', page.id, '"]'`,
  },
  text: { type: 'text', position: sql`'[', to_json(page.key), ',"', page.id, '"]'` },
  count: { type: 'bigint', position: sql`'["', page.key, '","', page.id, '"]'`, isShown: true },
}

/**
 * Whether rows lie on the other side of the position than the page: the first source that has one answers. Ordered,
 * because for a bare `exists` the planner may find a sequential scan good enough. A walk has left rows behind it.
 */
function isPreceded(list: ListSql, way: Way, asked: Asked): SQL {
  if (way === 'page') return sql`${asked.skip}::bigint > 0`
  if (way === 'top' || way === 'bottom') return sql.raw('false')
  const back = way === 'next' ? 'prev' : 'next'
  const any = list.sources.map(
    ({ from, bare = from, where, key, id }) => sql`(select true from (
        select ${key} as key, ${id} as id from ${bare}
        where ${where} and (${key}, ${id}) ${beyond(list.order, back)}= ${positionOf(list, asked)}
        order by ${orderOf(list.order, back)} limit 1) as behind)`,
  )
  const otherwise = list.walk?.isWalked ?? sql.raw('false')
  return sql`coalesce(${sql.join(any, sql.raw(',\n'))}, ${otherwise})`
}
