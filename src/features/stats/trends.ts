import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { rfc3339 } from '../../db/instant.ts'
import { foldedBuckets, kindNumber, pendingCounts } from '../../db/rollup/tables.ts'
import { comments, posts, sessions, users } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { JsonText } from '../../http/answer.ts'
import { mostBuckets } from './buckets.ts'
import { cuts } from './cuts.ts'
import { asOf } from './queries.ts'
import { kindOf, type Metric, metrics, type Trends } from './schemas.ts'

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
 * to the nearest UTC midnight. Folded days are counted as if the edges lay at midnight, then the quarters between
 * midnight and edge change buckets, then the rows between quarter and edge.
 */
export const trends = statement(
  'trends',
  (_, slots: Placeholders<TrendsAsked>) => sql<{ body: JsonText<Trends> | null }>`
    with asked as (
      select ${slots.interval}::text as unit, ('1 ' || ${slots.interval}::text)::interval as step,
        ${slots.tz}::text as tz, ${slots.from}::timestamptz as since, ${slots.to}::timestamptz as until,
        ${slots.buckets}::integer as buckets
    ),
    range as materialized (
      select unit, step, tz,
        coalesce(since, (last - (buckets - 1) * step) at time zone tz) as since,
        coalesce(until, (last + step) at time zone tz) as until
      from asked, date_trunc(unit, coalesce(until - interval '1 microsecond', now()) at time zone tz) as last
    ),
    ${cuts},
    edges as materialized (
      select starts, edge,
        array(select rollup.quarter(at) from unnest(edge) as at order by at) as quarter,
        array(select date_trunc('day', at + interval '12 hours', 'UTC') from unnest(edge) as at order by at) as midnight
      from (
        select array_agg(cut order by cut) as starts,
          array_agg(greatest(cut, since) order by cut) || min(until) as edge
        from cuts, range
        where cut >= (select max(cut) from cuts, range where cut <= since)
          and cut < until and since < until
      ) as bounds
    ),
    counted as (
      select width_bucket(bucket, midnight) as number, ${each((metric) => name(metric))}
      from edges, ${foldedBuckets} as days
      where span = 'day' and bucket >= midnight[1] and bucket < midnight[cardinality(midnight)]
      union all
      ${moved(
        between('quarter', 'midnight'),
        sql`
        select ${each((metric) => sql`sum(${name(metric)}) as ${name(metric)}`)}
        from ${foldedBuckets} as quarters
        where span = 'quarter' and bucket >= low and bucket < high`,
      )}
      union all
      ${moved(
        between('edge', 'quarter'),
        sql`
        select ${each((metric) => sql`(${rowsBetween(metric, slots.kinds)}) as ${name(metric)}`)}`,
      )}
      union all
      select width_bucket(bucket, quarter), ${each((metric) => sql`case kind when ${kindLiteral(metric)} then n end`)}
      from edges, ${pendingCounts} as pending
      where bucket >= quarter[1] and bucket < quarter[cardinality(quarter)]
    ),
    sums as (
      select number, ${each((metric) => sql`sum(${name(metric)}) as ${name(metric)}`)}
      from counted group by number
    )
    select case when count(*) <= ${sql.raw(String(mostBuckets))} then json_build_object(
      'asOf', ${asOf},
      'items', coalesce(json_agg(json_strip_nulls(json_build_object(
        'start', ${rfc3339(sql`start`)},
        ${each((metric) => sql`'${name(metric)}', case when ${isAsked(metric, slots.kinds)} then coalesce(${name(metric)}, 0) end`)}
      )) order by start), '[]')
    )::text end as body
    from edges, unnest(starts) with ordinality as buckets (start, number)
    left join sums using (number)`,
)

type Rounded = 'edge' | 'quarter' | 'midnight'

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
  select number, ${each((metric) => sql`sign * ${name(metric)}`)}
  from (${stretches} offset 0) as stretches, lateral (${counted} offset 0) as counted,
    lateral (values (fine, 1), (coarse, -1)) as move (number, sign)`

/** Live rows of the table itself. */
const rowsBetween = (metric: Metric, kinds: SQLWrapper): SQL => sql`
  select count(*) from ${tables[metric]}
  where ${isAsked(metric, kinds)} and deleted_at is null and created_at >= low and created_at < high`

const tables = { posts, comments, signups: users, sessions } as const satisfies Record<
  Metric,
  PgTable
>

const each = (part: (metric: Metric) => SQL): SQL => sql.join(metrics.map(part), sql`, `)
const name = (metric: Metric): SQL => sql.raw(metric)
const kindLiteral = (metric: Metric): SQL => sql.raw(String(kindNumber(kindOf[metric])))
const isAsked = (metric: Metric, kinds: SQLWrapper): SQL =>
  sql`${kindLiteral(metric)} = any(${kinds}::smallint[])`
