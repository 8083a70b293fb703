import { type SQL, sql } from 'drizzle-orm'
import { listByCreation } from '../../db/list/by-creation.ts'
import { listFamily } from '../../db/list/family.ts'
import { landFromNearerEnd } from '../../db/list/landing.ts'
import type { ListParams, ListSql, Order } from '../../db/list/list.ts'
import { type ById, rowById } from '../../db/list/row.ts'
import { countAll } from '../../db/rollup/counts.ts'
import { changedPosts, unfolded } from '../../db/rollup/post-comments.ts'
import { posts } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import { shownPost, wholePost } from './item.ts'

const reads = ['posts', 'comments', 'users'] as const

export const postPages = listFamily({
  name: 'posts',
  reads,
  offers: [
    { sort: 'createdAt', filters: [] },
    { sort: 'createdAt', filters: ['bounds'] },
    { sort: 'createdAt', filters: ['author'] },
    { sort: 'createdAt', filters: ['author', 'bounds'] },
    { sort: 'commentsCount', filters: [] },
  ],
  listOf: ({ sort, order, filters }, asked) =>
    sort === 'commentsCount'
      ? byCommentsCount(order, asked)
      : listByCreation(
          {
            kind: 'post',
            item: shownPost,
            order,
            isBounded: filters.includes('bounds'),
            filter: {
              authorId: filters.includes('author') ? asked.userId : undefined,
              pending: unfolded,
            },
          },
          asked,
        ),
})

/** Folded counts by their index, but of posts with pending comments, whose counts are made in the same snapshot. */
function byCommentsCount(order: Order, asked: Placeholders<ListParams>): ListSql {
  const counted = (from: SQL, where: SQL) => ({
    from: sql`${from} as counts join ${posts} on ${posts.id} = counts.post_id`,
    bare: sql`${from} as counts`,
    where,
    key: sql.raw('counts.n'),
    id: sql.raw('counts.post_id'),
  })
  const list = {
    ctes: changedPosts,
    sources: [
      counted(
        sql.raw('rollup.post_comments'),
        sql.raw('counts.is_live and counts.post_id not in (select post_id from changed)'),
      ),
      counted(sql.raw('changed'), sql.raw('counts.is_live')),
    ],
    key: 'count',
    order,
    item: shownPost,
    total: countAll({ kinds: ['post'], authorId: undefined, pending: unfolded }),
  } as const
  return { ...list, landing: () => landFromNearerEnd(list, asked) }
}

export const postById = statement(
  'post_by_id',
  { reads, isOnly: true },
  (_, asked: Placeholders<ById>) => rowById(posts, wholePost, asked),
)
