import { type SQL, sql } from 'drizzle-orm'
import { recordOf, type TableName } from '../../db/rollup/kinds.ts'
import { foldedUserTotals, pendingUserTotals } from '../../db/rollup/tables.ts'
import { users } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import type { JsonText } from '../../http/answer.ts'
import { asOf } from './queries.ts'
import { type Leaders, type Leading, leadings, mostLeaders } from './schemas/leaders.ts'

export type LeadersAsked = {
  /** 1..100 */
  readonly limit: number
}

export const leaderTables = ['users', 'posts', 'comments'] as const satisfies readonly TableName[]

/** What leaders are ordered by, as the indexes of `rollup.user_totals` have it. */
export const scores: Readonly<Record<Leading, SQL>> = {
  posts: sql`posts`,
  comments: sql`comments`,
  activity: sql`(posts + comments)`,
}

/** Those of all times. */
export const leaders = recordOf(leadings, (by) => [
  by,
  statement(
    `leaders_by_${by}`,
    { reads: leaderTables, isOnly: true },
    (_, asked: Placeholders<LeadersAsked>) => sql<{ body: JsonText<Leaders> }>`
    with pending as materialized (${pendingTotals}),
    best as (${best(by, mostLeaders)})
    ${leadersAnswer(by, sql`select user_id, posts, comments from best`, asked)}`,
  ),
])

/** What the CTE `pending` is: users of whom something is pending, as they stand with it. */
export const pendingTotals = sql`
      select user_id, cohort, posts, comments from ${pendingUserTotals} as totals
    `

type Further = {
  /** What those have at least. */
  readonly least: SQL
  /** The CTE of those who are known by now: none of them is counted again. */
  readonly known: SQL
}

/** The `most` best of all times, from the index; beside them all of the CTE `pending`, who may stand elsewhere by now. */
export const best = (by: Leading, most: number, further?: Further): SQL => {
  const isFurther = further
    ? sql`${scores[by]} >= ${further.least} and user_id not in (select user_id from ${further.known})`
    : sql`${scores[by]} > 0`
  return sql`
      (
        select user_id, posts, comments from ${foldedUserTotals} as folded
        where cohort is not null and ${scores[by]} > 0 and user_id not in (select user_id from pending) and ${isFurther}
        order by ${scores[by]} desc, user_id limit ${sql.raw(String(most))}
      )
      union all
      select user_id, posts, comments from pending where cohort is not null and ${isFurther}
    `
}

/** The first of `rows` (user_id, posts, comments) that are live users: no more are looked up than it takes. */
export const leadersAnswer = (
  by: Leading,
  rows: SQL,
  { limit }: Placeholders<LeadersAsked>,
): SQL => sql`select json_build_object('asOf', ${asOf}, 'items', coalesce(json_agg(json_build_object(
      'user', json_build_object('id', user_id, 'username', username), 'posts', posts, 'comments', comments
    ) order by ${scores[by]} desc, user_id), '[]'))::text as body
    from (
      select user_id, username, posts, comments
      from (${rows} order by ${scores[by]} desc, user_id offset 0) as ranked, lateral (
        select username from ${users} where id = user_id and deleted_at is null offset 0
      ) as named
      order by ${scores[by]} desc, user_id limit ${limit}::integer
    ) as top`
