import { type SQL, sql } from 'drizzle-orm'

/*
 * How many comments posts have, and which have the most, without counting a comment: `rollup.post_comments` holds a row
 * for every live post, found by (n, post_id); those that pending deltas are about are counted anew in the same snapshot.
 */

/** A query for `(post_id, n)`: how many live comments each of the posts has. `ids` is a query for their ids, each once. */
export const commentsCounts = (ids: SQL): SQL => sql`
  select asked.id as post_id, (coalesce(folded.n, 0) + coalesce(changed.n, 0))::bigint as n
  from (${ids}) as asked (id)
    left join lateral (
      select n from rollup.post_comments as folded where folded.post_id = asked.id offset 0
    ) as folded on true
    left join (
      select post_id, sum(n) as n from rollup.pending_post_comments where n <> 0 and post_id in (${ids}) group by post_id
    ) as changed on changed.post_id = asked.id`

/** The CTE `changed` of `(post_id, n, is_live)`: the posts that pending deltas are about, as they are in this snapshot. */
export const changedPosts = sql`changed as materialized (
    select added.post_id, (coalesce(folded.n, 0) + added.n)::bigint as n, coalesce(folded.lives, 0) + added.lives > 0 as is_live
    from (
      select post_id, sum(n) as n, sum(lives) as lives from rollup.pending_post_comments
      group by post_id having (sum(n), sum(lives)) <> (0, 0)
    ) as added left join lateral (
      select n, is_live::integer as lives from rollup.post_comments as folded where folded.post_id = added.post_id offset 0
    ) as folded on true
  )`
