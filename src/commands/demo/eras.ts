import type { Bulk } from '../../db/bulk/bulk.ts'
import type { Activity, DemoCounts } from './counts.ts'
import type { Span } from './timeline.ts'

type Sql = Bulk['sql']

/** A stretch of the community's life, and the number of each table's rows that fall into it. */
export type Era = Span & Readonly<Record<Activity, number>>

/** Cuts the span so that every era has its share of the rows by the time its members spend in it. */
export async function planEras(
  sql: Sql,
  span: Span,
  counts: DemoCounts,
  wanted: number,
): Promise<Era[]> {
  const eras = Math.min(Math.max(wanted, 10), 500)
  const length = (span.to - span.from) / eras
  const shares = await sql<{ era: number; writing: number; visiting: number }[]>`
    select era::integer, sum(hours * eagerness) as writing, sum(hours * sqrt(eagerness)) as visiting
    from (
      select era, eagerness,
        least(leaves, start + ${length}::float8) - greatest(arrives, start) as hours
      from demo_members,
        generate_series(
          floor((arrives - ${span.from}::float8) / ${length}::float8)::integer,
          floor((leaves - ${span.from}::float8) / ${length}::float8)::integer
        ) as era,
        lateral (select ${span.from}::float8 + era * ${length}::float8 as start) as s
    ) as stays
    where hours > 0 and era < ${eras}::integer
    group by era order by era`
  const writing = apportion(shares.map((share) => share.writing))
  const visiting = apportion(shares.map((share) => share.visiting))
  return shares.map(({ era }, index) => ({
    from: span.from + era * length,
    to: span.from + (era + 1) * length,
    posts: writing(counts.posts, index),
    comments: writing(counts.comments, index),
    sessions: visiting(counts.sessions, index),
  }))
}

/** Splits a whole number by weights into whole numbers that add up to it, the first at least 1. */
export function apportion(weights: readonly number[]): (whole: number, index: number) => number {
  let sum = 0
  const upTo = [0, ...weights.map((weight) => (sum += weight))].map((part) => part / sum)
  return (whole, index) =>
    Math.ceil(whole * (upTo[index + 1] ?? 1)) - Math.ceil(whole * (upTo[index] ?? 0))
}
