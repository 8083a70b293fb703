import { sql } from 'drizzle-orm'
import { kindLiteral, tableNames } from '../../db/rollup/kinds.ts'
import {
  foldedBuckets,
  foldedRetention,
  monthOf,
  pendingCounts,
  pendingRetention,
  spanLiteral,
} from '../../db/rollup/tables.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { JsonText } from '../../http/answer.ts'
import { defaultCohorts } from './months.ts'
import { asOf } from './queries.ts'
import type { Retention } from './schemas/retention.ts'

export type RetentionAsked = {
  /** First days of months, both included: null for twelve cohorts, and for the present month. */
  readonly from: string | null
  readonly to: string | null
  /** 1..120 of each cohort, its own included. */
  readonly months: number
}

/** Zeros for every cell there is, and whatever is counted for it: summed up, so that no two lists have to be joined. */
export const retention = statement(
  'retention',
  { reads: tableNames, isOnly: true },
  (_, asked: Placeholders<RetentionAsked>) => sql<{ body: JsonText<Retention> }>`
    with asked as materialized (
      select coalesce(${asked.from}::date, greatest(last - interval '${sql.raw(String(defaultCohorts - 1))} months', '0001-01-01')::date) as first,
        last, present, (${asked.months}::integer - 1) * interval '1 month' as length
      from (select ${monthOf(sql`now()`)} as present) as clock, coalesce(${asked.to}::date, present) as last
    ),
    cohorts as materialized (
      select month::date as cohort from asked, generate_series(first::timestamp, last::timestamp, interval '1 month') as month
    ),
    counted as (
      select cohort, month, n, 0 as size from asked, ${foldedRetention} as folded
      where cohort between first and last and month <= cohort + length and month <= present
      union all
      select cohort, month, n, 0 from asked, ${pendingRetention} as pending
      where cohort between first and last and month <= cohort + length and month <= present
      union all
      select cohort, month::date, 0, 0
      from asked, cohorts, generate_series(cohort::timestamp, least(cohort + length, present::timestamp), interval '1 month') as month
      union all
      select cohort, null, 0, 0 from cohorts
      union all
      select ${monthOf(sql`bucket`)}, null, 0, signups from asked, ${foldedBuckets} as folded
      where span = ${spanLiteral('month')} and bucket >= first::timestamp at time zone 'UTC' and bucket <= last::timestamp at time zone 'UTC'
      union all
      select cohort, null, 0, n
      from asked, (select ${monthOf(sql`bucket`)} as cohort, n from ${pendingCounts} as pending where kind = ${kindLiteral('signup')}) as signups
      where cohort between first and last
    ),
    cells as (select cohort, month, sum(n) as n, sum(size) as size from counted group by 1, 2),
    items as (
      select cohort, sum(size) as size,
        coalesce(json_agg(n order by month) filter (where month is not null), '[]') as active,
        coalesce(json_agg(month < present order by month) filter (where month is not null), '[]') as complete
      from cells, asked group by cohort
    )
    select json_build_object('asOf', ${asOf}, 'items', coalesce(json_agg(json_build_object(
      'cohort', to_char(cohort::timestamp, 'YYYY-MM'), 'size', size, 'active', active, 'complete', complete
    ) order by cohort), '[]'))::text as body
    from items`,
)
