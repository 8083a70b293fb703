import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { rfc3339 } from '../../db/instant.ts'
import { type Kind, kindLiteral, kinds, kindTable, tableNames } from '../../db/rollup/kinds.ts'
import { foldedBuckets, pendingCounts, quarterHourOf, spanLiteral } from '../../db/rollup/tables.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { JsonText } from '../../http/answer.ts'
import { mostBuckets } from './buckets.ts'
import { cutsOf } from './cuts.ts'
import { asOf } from './queries.ts'
import type { Trends } from './schemas/trends.ts'

export type TrendsAsked = {
  readonly interval: string
  readonly tz: string
  readonly from: string | null
  readonly to: string | null
  readonly kinds: readonly number[]
  /** So many buckets where `from` is null. */
  readonly buckets: number
}

/**
 * Counts per bucket, from one row per stretch. The edges of the buckets are rounded twice: to the quarter-hour and
 * to the nearest UTC midnight. Folded days are counted as if the edges lay at midnight, then the quarter-hours between
 * midnight and edge change buckets, then the rows between quarter-hour and edge. No body where the buckets are too many.
 */
export const trends = statement(
  'trends',
  { reads: tableNames, isOnly: true },
  (_, asked: Placeholders<TrendsAsked>) => {
    const cuts = cutsOf(asked)
    return sql<{ body: JsonText<Trends> | null }>`
    with ${cuts.ctes},
    edges as materialized (
      select starts, edge,
        array(select ${quarterHourOf(sql`at`)} from unnest(edge) as at order by at) as quarter_hour,
        array(select date_trunc('day', at + interval '12 hours', 'UTC') from unnest(edge) as at order by at) as midnight
      from (${cuts.bounds}) as bounds (starts, edge)
    ),
    counted as (${counted(asked.kinds)}),
    sums as (
      select number, ${each((kind) => sql`sum(${metric(kind)}) as ${metric(kind)}`)}
      from counted group by number
    )
    select case when count(*) <= ${sql.raw(String(mostBuckets))} then json_build_object(
      'asOf', ${asOf},
      'items', coalesce(json_agg(json_strip_nulls(json_build_object(
        'start', ${rfc3339(sql`start`)},
        ${each((kind) => sql`'${metric(kind)}', case when ${isAsked(kind, asked.kinds)} then coalesce(${metric(kind)}, 0) end`)}
      )) order by start), '[]')
    )::text end as body
    from edges, unnest(starts) with ordinality as buckets (start, number)
    left join sums using (number)`
  },
)

/** Counts by number of the bucket; a bucket may stand in several rows, some of them negative. */
const counted = (asked: SQLWrapper): SQL => sql`
      select width_bucket(bucket, midnight) as number, ${each(metric)}
      from edges, ${foldedBuckets} as days
      where span = ${spanLiteral('day')} and bucket >= midnight[1] and bucket < midnight[cardinality(midnight)]
      union all
      ${moved(
        between('quarter_hour', 'midnight'),
        sql`
        select ${each((kind) => sql`sum(${metric(kind)}) as ${metric(kind)}`)}
        from ${foldedBuckets} as quarter_hours
        where span = ${spanLiteral('quarterHour')} and bucket >= low and bucket < high`,
      )}
      union all
      ${moved(
        between('edge', 'quarter_hour'),
        sql`
        select ${each((kind) => sql`(${rowsBetween(kind, asked)}) as ${metric(kind)}`)}`,
      )}
      union all
      select width_bucket(bucket, quarter_hour), ${each((kind) => sql`case kind when ${kindLiteral(kind)} then n end`)}
      from edges, ${pendingCounts} as pending
      where bucket >= quarter_hour[1] and bucket < quarter_hour[cardinality(quarter_hour)]
    `

type Rounded = 'edge' | 'quarter_hour' | 'midnight'

/** The stretches that lie in another bucket by the fine edges than by the coarse ones. */
const between = (fine: Rounded, coarse: Rounded): SQL => {
  const edges = { fine: sql.raw(fine), coarse: sql.raw(coarse) }
  return sql`
    select low, high, width_bucket(low, ${edges.fine}) as fine, width_bucket(low, ${edges.coarse}) as coarse
    from edges, lateral (
      select at as low, lead(at) over (order by at) as high
      from (select unnest(${edges.fine}) as at union select unnest(${edges.coarse})) as ends
    ) as stretch
    where high is not null
      and width_bucket(low, ${edges.fine}) <> width_bucket(low, ${edges.coarse})`
}

/** What was counted in each stretch leaves its coarse bucket for its fine one. */
const moved = (stretches: SQL, counted: SQL): SQL => sql`
  select number, ${each((kind) => sql`sign * ${metric(kind)}`)}
  from (${stretches} offset 0) as stretches, lateral (${counted} offset 0) as counted,
    lateral (values (fine, 1), (coarse, -1)) as move (number, sign)`

/** Live rows of the table itself. */
const rowsBetween = (kind: Kind, asked: SQLWrapper): SQL => sql`
  select count(*) from ${kindTable[kind].table}
  where ${isAsked(kind, asked)} and deleted_at is null and created_at >= low and created_at < high`

const each = (part: (kind: Kind) => SQL): SQL => sql.join(kinds.map(part), sql`, `)
const metric = (kind: Kind): SQL => sql.raw(kindTable[kind].metric)
const isAsked = (kind: Kind, asked: SQLWrapper): SQL =>
  sql`${kindLiteral(kind)} = any(${asked}::smallint[])`
