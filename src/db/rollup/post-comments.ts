import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'

/*
 * How many comments posts have, and which have the most, without counting a comment: `rollup.post_comments` holds a row
 * for every live post, found by (n, post_id); what is pending of them is added in the same snapshot.
 */

/** Of `(kind, post_id, n)`: what is pending of posts and their comments. */
export const unfolded = sql.raw('unfolded')
/** Its CTE: a page reads what is pending once, for the counts of its posts and for how many posts there are, in 80 µs less. */
export const unfoldedPosts = sql`${unfolded} as materialized (
      select kind, case kind when 1 then post_id else id end as post_id, n from rollup.pending where kind in (0, 1) and n <> 0
    )`

/** How many live comments a post of `page` has, where `joinUnfolded` stands among the joins. */
export const commentsCount = sql`coalesce((select n from rollup.post_comments where post_id = page.id), 0) + coalesce(more.n, 0)`
export const joinUnfolded = sql`left join (
        select post_id, sum(n) as n from ${unfolded} where kind = 1 and post_id = any (array(select id from page)) group by post_id
      ) as more on more.post_id = page.id`

/** The same of one post, by itself. */
export const commentsCountOf = (postId: SQLWrapper): SQL =>
  sql`coalesce((select n from rollup.post_comments where post_id = ${postId}), 0) + (select coalesce(sum(n), 0) from rollup.pending where kind = 1 and n <> 0 and post_id = ${postId})`

/** The CTE `changed` of `(post_id, n, is_live)`: the posts that `unfolded` is about, as they are in this snapshot. */
export const changedPosts = sql`changed as materialized (
    select added.post_id, (coalesce(folded.n, 0) + added.n)::bigint as n, coalesce(folded.lives, 0) + added.lives > 0 as is_live
    from (
      select post_id, coalesce(sum(n) filter (where kind = 1), 0) as n, coalesce(sum(n) filter (where kind = 0), 0) as lives from ${unfolded}
      group by post_id
    ) as added left join lateral (
      select n, is_live::integer as lives from rollup.post_comments as folded where folded.post_id = added.post_id offset 0
    ) as folded on true
    where (added.n, added.lives) <> (0, 0)
  )`
