import { type SQL, sql } from 'drizzle-orm'
import { kindLiteral, kindTable } from '../../db/rollup/kinds.ts'
import { currentTotals, foldedBuckets, pendingCounts } from '../../db/rollup/tables.ts'
import type { Placeholders } from '../../db/statement.ts'
import { mostCounted, mostIndexed, mostRanked, mostRecent, mostWalked } from './bounds.ts'
import type { Source } from './sources.ts'

/*
 * A search looks at a window: its newest matches, as many as are ranked. How they are found follows from the number that
 * PostgreSQL expects, and each way reads a bounded number of rows, whatever it expected.
 *   a  all of them, by the index, and counted
 *   r  those of the newest rows, by the index of words and the one of instants together
 *   w  those among the newest rows, one row after the other
 */

/** What a window is found by again, behind a cursor: rows written since neither move its ends nor change the way. */
export type Window = {
  /** The instant that ages count to: the end of the hour, so that an answer asked for again is the same. */
  readonly at: string
  /** The instant of the newest row. */
  readonly topAt: string
  /** The oldest row it may hold, as `(created_at, id)`. */
  readonly edgeAt: string
  readonly edgeId: string
  readonly way: string
  /** As counted, or expected, at that instant. */
  readonly matches: number
  readonly isExact: boolean
}

const number = (n: number) => sql.raw(String(n))
const lowest = sql.raw('(-9223372036854775808)::bigint')
/** No row is later: what is dated ahead is found too. */
const latest = sql.raw(`timestamptz '9999-12-31T23:59:59.999999Z'`)

/**
 * CTEs: `plan` (the window's `at`, `edge_at`, `edge_id`, `way` and `matches`, as far as known beforehand), `found` (all that was
 * found of the matches) and `matching` (the rows of the window). Past a cursor the window is the one it came from.
 */
export const windowOf = (source: Source, again?: Placeholders<Window>): SQL => {
  const { table, matches } = source
  const isLive = sql`${table.deletedAt} is null`
  const row = sql`${table.id} as id, ${table.createdAt} as created_at, ${table}.ctid as place`
  const newest = sql.raw('created_at desc, id desc')
  const edge = sql.raw('((select edge_at from plan), (select edge_id from plan))')
  // past a cursor more, for what was written since: the first page went by what it counted
  const mostFound = number(again ? 1.25 * mostCounted : mostCounted)
  const overflows = sql`(select count(*) from indexed) > ${mostFound}`
  return sql`
    live as materialized (
      select coalesce(sum(n), 0)::bigint as n from ${currentTotals} where kind = ${kindLiteral(source.kind)}
    ),
    plan as materialized (${
      again
        ? sql`
      select ${again.at}::timestamptz as at, ${again.topAt}::timestamptz as top_at, ${again.edgeAt}::timestamptz as edge_at, ${again.edgeId}::bigint as edge_id, ${again.way}::text as way,
        ${again.matches}::bigint as matches, ${again.isExact}::boolean as is_exact`
        : planned(source)
    }
    ),
    every as materialized (
      select ${row} from ${table}
      where ${isLive} and ${matches} and (select way from plan) = 'a' limit ${mostFound} + 1
    ),
    recent as materialized (
      select ${row} from ${table}
      where ${isLive} and ${matches} and (select way from plan) = 'r'
        and ${table.createdAt} between (select edge_at from plan) and (select top_at from plan) limit ${mostFound} + 1
    ),
    indexed as materialized (select * from every union all select * from recent),
    walked as materialized (
      select id, created_at, place from (
        select *, ctid as place from ${table}
        where ${isLive} and ${table.createdAt} <= (select top_at from plan) and (${table.createdAt}, ${table.id}) >= ${edge}
          and ((select way from plan) = 'w' or ${overflows})
        order by ${newest} limit ${again ? number(2 * mostWalked) : sql`(select most from plan)`}
      ) as ${table}
      where ${matches} order by ${newest}
      limit ${again ? number(mostCounted) : sql`case when (select n from live) > ${number(mostCounted)} then ${number(mostRanked)} end`}
    ),
    found as materialized (
      select * from indexed where not ${overflows} and created_at <= (select top_at from plan)
      union all
      select * from walked
    ),
    matching as materialized (
      select * from found where (created_at, id) >= ${edge}
      order by ${newest} limit ${number(again ? mostCounted : mostRanked)}
    )`
}

const planned = (source: Source): SQL => sql`
      select at, ${latest} as top_at, case way when 'r' then day else '-infinity' end as edge_at, ${lowest} as edge_id, way, matches,
        case when n <= ${number(mostCounted)} then n else (${number(mostWalked)} / ${source.effort})::bigint end as most
      from (
        select *, case
          when matches = 0 then 'n'
          when not ${source.isIndexed} then 'w'
          when matches <= ${number(mostCounted)} then 'a'
          when day is not null then 'r'
          else 'w' end as way
        from (select n, case when ${source.isAnswerable} then least(${source.expected}, n) else 0 end as matches from live) as expected
        left join lateral (${recentOf(source)}) as enough on true
      ) as chosen, lateral (select date_trunc('hour', now(), 'UTC') + interval '1 hour' as at) as hour`

/** The day from whose beginning on there should be matches enough, 1,500 where they lie evenly, in rows not too many. */
const recentOf = ({ kind }: Source): SQL => {
  const { metric } = kindTable[kind]
  return sql`
          select day from (
            select day, sum(n) over (order by day desc) as reached from (
              select bucket as day, ${sql.raw(metric)} as n from ${foldedBuckets} as folded where span = 'day'
              union all
              select date_trunc('day', bucket, 'UTC'), n from ${pendingCounts} as pending
              where kind = ${kindLiteral(kind)}
            ) as days
          ) as days
          where matches between ${number(mostCounted + 1)} and least(${number(mostIndexed)}, n / 12)
            and reached between 1.5 * ${number(mostRanked)} * n / greatest(matches, 1) and ${number(mostRecent)}
          order by day desc limit 1`
}

/** CTEs after those of a new window: `known` (`matches` and `is_exact`), and `edge` (`at` and `id` of the oldest row it may hold). */
export const endsOf = ({ table, isKnown }: Source): SQL => sql`
    sizes as materialized (
      select (select count(*) from found) as found, (select count(*) from matching) as matching, (select count(*) from indexed) > ${number(mostCounted)} as overflows
    ),
    known as materialized (
      select case when is_exact then found when way = 'w' and found < ${number(mostRanked)} and not ${isKnown} then found * n / most
        else greatest(matches, found, case when overflows then ${number(mostCounted + 1)} end) end as matches, is_exact
      from sizes, plan, live, lateral (
        select way = 'n' or way = 'a' and not overflows or way <> 'r' and (
          n <= most
        ) as is_exact
      ) as counted
    ),
    edge as materialized (
      select at, id from (
        (
          select 1 as turn, created_at as at, id from matching
          where (select case when is_exact then found > matching else matching >= ${number(mostRanked)} end from sizes, known)
          order by at, id limit 1
        )
        union all
        select 2, edge_at, edge_id from plan where way = 'r'
        union all (
          select 2, created_at, id from ${table}
          where deleted_at is null and created_at <= (select top_at from plan) and (select not is_exact and matching < ${number(mostRanked)} and (way = 'w' or overflows) from known, plan, sizes)
          order by created_at desc, id desc offset (select greatest(most, 1) - 1 from plan) limit 1
        )
        union all
        select 3, '-infinity', ${lowest}
      ) as edges
      order by turn, at desc, id desc limit 1
    )`

/** How many match, for whoever searches something else: counted where they are few, or all the rows are; `otherwise` where the search says nothing. */
export const countOf = (source: Source, otherwise: SQL): SQL => {
  const { table, matches, isAnswerable, isIndexed, expected } = source
  const counted = sql`select case when n > ${number(mostCounted)} and count(*) > ${number(mostCounted / 4)} then greatest(count(*), matches) else count(*) end from (
          select from ${table} where ${table.deletedAt} is null and ${matches} and way = 'a'
          limit case when n > ${number(mostCounted)} then ${number(mostCounted / 4 + 1)} end
        ) as every`
  const walked = sql`select count(*) from (
          select * from ${table} where ${table.deletedAt} is null and way = 'w' order by created_at desc, id desc limit ${number(mostCounted)}
        ) as ${table} where ${matches}`
  return sql`(
      select case way when 'n' then ${otherwise} when 'a' then (${counted}) when 'w' then (${walked}) else matches end
      from (
        select matches, n, case when not answerable then 'n' when indexed and matches <= ${number(mostCounted)} then 'a' when n <= ${number(mostCounted)} then 'w' else 'e' end as way
        from (
          select ${isAnswerable} as answerable, ${isIndexed} as indexed, least(${expected}, n) as matches, n
          from (select coalesce(sum(n), 0)::bigint as n from ${currentTotals} where kind = ${kindLiteral(source.kind)}) as live
        ) as expected
      ) as chosen
    )`
}
