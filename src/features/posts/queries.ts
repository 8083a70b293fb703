import { type SQL, sql } from 'drizzle-orm'
import { listByCreation } from '../../db/list/by-creation.ts'
import { listFamily } from '../../db/list/family.ts'
import { landFromNearerEnd } from '../../db/list/landing.ts'
import type { Asked, FilterName, ListSql, Order } from '../../db/list/list.ts'
import { matching } from '../../db/list/matching.ts'
import { type ById, rowById } from '../../db/list/row.ts'
import { countAll } from '../../db/rollup/counts.ts'
import { changedPosts, unfolded } from '../../db/rollup/post-comments.ts'
import { posts } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import { shownPost, wholePost } from './item.ts'
import { labelled } from './labelled.ts'

const reads = ['posts', 'comments', 'users'] as const

const labels: readonly FilterName[][] = [['tags'], ['properties'], ['tags', 'properties']]

export const postPages = listFamily<number | null>({
  name: 'posts',
  reads,
  offers: [
    { sort: 'createdAt', filters: [] },
    { sort: 'createdAt', filters: ['bounds'] },
    { sort: 'createdAt', filters: ['author'] },
    { sort: 'createdAt', filters: ['author', 'bounds'] },
    { sort: 'commentsCount', filters: [] },
    ...labels.flatMap((some): { sort: 'createdAt'; filters: FilterName[] }[] => [
      { sort: 'createdAt', filters: some },
      { sort: 'createdAt', filters: [...some, 'bounds'] },
    ]),
  ],
  listOf({ sort, order, filters }, asked) {
    if (sort === 'commentsCount') return byCommentsCount(order, asked)
    const list = listByCreation(
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
    )
    return filters.some((filter) => labels.flat().includes(filter))
      ? matching(list, labelled(filters, asked), asked)
      : list
  },
})

/** Folded counts by their index, but of posts with pending comments, whose counts are made in the same snapshot. */
function byCommentsCount(order: Order, asked: Asked): ListSql {
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
