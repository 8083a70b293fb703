import { type SQL, sql } from 'drizzle-orm'
import { recordOf } from '../../db/rollup/kinds.ts'
import { activeUsers, foldedUserDays, pendingUserDays } from '../../db/rollup/tables.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { JsonText } from '../../http/answer.ts'
import {
  best,
  type LeadersAsked,
  leadersAnswer,
  leaderTables,
  pendingTotals,
  scores,
} from './leaders.ts'
import { type Leaders, type Leading, leadings, mostLeaders } from './schemas/leaders.ts'

/** UTC days, `to` not included; null for no bound. */
export type LeadersBetweenAsked = LeadersAsked & {
  readonly from: string | null
  readonly to: string | null
}

/** Users' days between the bounds that are summed up at once: it takes less than to look for the leaders. */
const fewDays = sql.raw('8000')
/** Of so many users each is summed up, some 2 µs and what their days take; of more, all days between the bounds. */
const mostCandidates = 5000

/**
 * Nobody has more between the bounds than of all times. So the best of all times are summed up first, then the next of
 * those who have of all times what the last leader so far has between the bounds, then the rest of them. All others have less.
 */
export const leadersBetween = recordOf(leadings, (by) => [
  by,
  statement(
    `leaders_between_by_${by}`,
    { reads: leaderTables, isOnly: true },
    (_, asked: Placeholders<LeadersBetweenAsked>) => sql<{ body: JsonText<Leaders> }>`
    with asked as materialized (
      select coalesce(${asked.from}::date, '-infinity') as since, coalesce(${asked.to}::date, 'infinity') as until
    ),
    pending as materialized (${pendingTotals}),
    pending_days as materialized (
      select user_id, sum(posts) as posts, sum(comments) as comments from ${pendingUserDays} as days
      where ${isBetween} group by user_id
    ),
    first as materialized (
      select user_id from (${best(by, 2 * mostLeaders)}) as best
      order by ${scores[by]} desc, user_id limit 2 * ${asked.limit}::integer
    ),
    first_sums as materialized (${sumsOf(sql`first`)}),
    second as materialized (
      select user_id from (${best(by, 20 * mostLeaders, { least: lastOf(by, sql`first_sums`, asked), known: sql`first` })}) as best
      order by ${scores[by]} desc, user_id limit 20 * ${asked.limit}::integer
    ),
    second_sums as materialized (select * from first_sums union all ${sumsOf(sql`second`)}),
    third as materialized (
      select user_id from (${best(by, mostCandidates + 1, { least: lastOf(by, sql`second_sums`, asked), known: sql`second_sums` })}) as best
    ),
    way as materialized (
      select case
        when (select coalesce(sum(daily), 0) from ${activeUsers} as days where ${isBetween}) <= ${fewDays} then true
        else (select count(*) from third) > ${sql.raw(String(mostCandidates))}
      end as is_by_day
    ),
    summed as (
      select user_id, posts, comments from second_sums where not (select is_by_day from way)
      union all
      select * from (${sumsOf(sql`third`)}) as third_sums where not (select is_by_day from way)
      union all
      select user_id, sum(posts)::bigint, sum(comments)::bigint
      from (
        select user_id, posts, comments from ${foldedUserDays} as days where ${isBetween}
        union all
        select user_id, posts, comments from pending_days
      ) as by_day
      where (select is_by_day from way) group by user_id
    )
    ${leadersAnswer(by, sql`select user_id, posts, comments from summed where ${scores[by]} > 0`, asked)}`,
  ),
])

/** What the last leader among the users of a CTE has; whoever has less of all times comes after. */
function lastOf(by: Leading, sums: SQL, { limit }: Placeholders<LeadersAsked>): SQL {
  return sql`(
          select coalesce(max(score) filter (where rank = ${limit}::integer), 1)
          from (
            select greatest(${scores[by]}, 1) as score, row_number() over (order by ${scores[by]} desc) as rank from ${sums}
          ) as ranked
        )`
}

const isBetween = sql`day >= (select since from asked) and day < (select until from asked)`

/** What the users of a CTE have made between the bounds. */
function sumsOf(candidates: SQL): SQL {
  return sql`
      select user_id, coalesce(sum(posts), 0)::bigint as posts, coalesce(sum(comments), 0)::bigint as comments
      from (
        select candidate.user_id, folded.posts, folded.comments from ${candidates} as candidate, lateral (
          select sum(posts) as posts, sum(comments) as comments from ${foldedUserDays} as days
          where days.user_id = candidate.user_id and ${isBetween} offset 0
        ) as folded
        union all
        select user_id, posts, comments from pending_days where user_id in (select user_id from ${candidates})
      ) as parts group by user_id
    `
}
