import { type SQL, sql } from 'drizzle-orm'
import { rfc3339 } from '../../db/instant.ts'
import { activityKinds, kindLiteral, kindOfTable, kinds, kindTable } from '../../db/rollup/kinds.ts'
import {
  currentTotals,
  activeUsers as foldedActive,
  foldedBuckets,
  pendingActive,
  pendingCounts,
} from '../../db/rollup/tables.ts'
import { sessions } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { JsonText } from '../../http/answer.ts'
import type { ActiveUsers } from './schemas/active-users.ts'
import { type Stats, statsTables } from './schemas/stats.ts'

/** The transaction's start: its snapshot is never older, so no number is staler than it claims. */
export const asOf = rfc3339(sql`now()`)

/** Each a subquery, that PostgreSQL runs once: evaluated for every pending row they cost more than the read. */
const today = sql`(select date_trunc('day', now(), 'UTC'))`
const todaysDate = sql`(select (now() at time zone 'UTC')::date)`

const listOf = (rows: readonly SQL[]) => sql.join([...rows], sql`, `)

/** The tables in the order of the answer, and the kind that counts each. */
const tables = sql`(values ${listOf(
  statsTables.map(
    (name, i) => sql`(${sql.raw(`${i + 1}, '${name}'`)}, ${kindLiteral(kindOfTable[name])})`,
  ),
)}) as tables (rank, name, kind)`

/** A bucket's columns as rows. */
const columns = sql`(values ${listOf(
  kinds.map((kind) => sql`(${kindLiteral(kind)}, ${sql.raw(kindTable[kind].metric)})`),
)}) as columns (kind, n)`

const perTable = (n: SQL) => sql`json_object_agg(name, ${n} order by rank)`

/** `days`: the length of the window, today included. */
export const dashboardStats = statement(
  'dashboard_stats',
  { reads: statsTables, isOnly: true },
  (_, asked: Placeholders<{ days: number }>) => sql<{ body: JsonText<Stats> }>`
    with asked as materialized (
      select today, today + interval '1 day' as tomorrow,
        today - (days - 1) * interval '1 day' as first,
        today - (2 * days - 1) * interval '1 day' as before
      from (select ${today} as today, ${asked.days}::integer as days) as window_of
    ),
    counted as (
      select kind, bucket, n
      from asked, ${foldedBuckets} as days, lateral ${columns}
      where span = 'day' and bucket >= before and bucket < tomorrow
      union all
      select kind, bucket, n from ${pendingCounts} as pending
    ),
    recent as (
      select kind,
        sum(n) filter (where bucket >= asked.today and bucket < tomorrow) as today,
        sum(n) filter (where bucket >= first and bucket < tomorrow) as current,
        sum(n) filter (where bucket >= before and bucket < first) as previous
      from counted, asked group by kind
    ),
    per_table as (
      select rank, name, totals.n as total, coalesce(today, 0) as today, coalesce(current, 0) as current,
        coalesce(previous, 0) as previous
      from ${tables} join ${currentTotals} as totals using (kind) left join recent using (kind)
    )
    select json_build_object(
      'asOf', ${asOf},
      'totals', ${perTable(sql`total`)},
      'active', (
        select json_build_object('now', (${liveSessions}), 'day', day, 'week', week, 'month', month)
        from (${activeBetween(todaysDate, todaysDate)}) as active
      ),
      'new', json_build_object(
        'today', ${perTable(sql`today`)},
        'window', ${perTable(sql`current`)},
        'previous', ${perTable(sql`previous`)},
        'changePct', ${perTable(sql`round(100.0 * (current - previous) / nullif(previous, 0), 2)`)}
      )
    )::text as body
    from per_table`,
)

/** The days are dates, both included. */
export const activeUsersBetween = statement(
  'active_users',
  { reads: activityKinds.map((kind) => kindTable[kind].tableName), isOnly: true },
  (_, asked: Placeholders<{ from: string; to: string }>) => sql<{ body: JsonText<ActiveUsers> }>`
    with active as (${activeBetween(sql`${asked.from}::date`, sql`${asked.to}::date`)})
    select json_build_object('asOf', ${asOf}, 'items', json_agg(active order by date))::text as body
    from active`,
)

/** How many users were active on each day, folded and pending steps together. */
function activeBetween(from: SQL, to: SQL): SQL {
  const sum = (span: number) => sql`sum(n) filter (where span = ${sql.raw(String(span))})`
  const upTo = (folded: string, steps: string) =>
    sql.raw(
      `coalesce(folded.${folded}, 0) + coalesce(sum(pending.${steps}) over (order by date), 0)`,
    )
  return sql`
    select date, ${upTo('daily', 'daily')} as day, ${upTo('weekly', 'weekly')} as week,
      ${upTo('monthly', 'monthly')} as month
    from (select ${from} + number as date from generate_series(0, ${to} - ${from}) as number) as dates
    left join ${foldedActive} as folded
      on folded.day = date and folded.day between ${from} and ${to}
    left join (
      select greatest(day, ${from}) as day, ${sum(1)} as daily, ${sum(7)} as weekly,
        ${sum(30)} as monthly
      from ${pendingActive} as steps where day <= ${to} group by 1
    ) as pending on pending.day = date`
}

const liveSessions = sql`
  select count(*) from ${sessions}
  where deleted_at is null and last_seen_at >= now() - interval '5 minutes'`
