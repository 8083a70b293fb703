import { sql } from 'drizzle-orm'
import { listByCreation, within } from '../../db/list/by-creation.ts'
import { listFamily } from '../../db/list/family.ts'
import { landFromNearerEnd } from '../../db/list/landing.ts'
import type { ListParams, ListSql, ListVariant } from '../../db/list/list.ts'
import { type ById, rowById } from '../../db/list/row.ts'
import { comments } from '../../db/schema.ts'
import { type Placeholders, statement } from '../../db/statement.ts'
import { shownComment, wholeComment } from './item.ts'

const reads = ['comments', 'users'] as const

export const commentPages = listFamily({
  name: 'comments',
  reads,
  offers: [
    { sort: 'createdAt', filters: [] },
    { sort: 'createdAt', filters: ['bounds'] },
    { sort: 'createdAt', filters: ['author'] },
    { sort: 'createdAt', filters: ['author', 'bounds'] },
    { sort: 'createdAt', filters: ['post'] },
    { sort: 'createdAt', filters: ['post', 'bounds'] },
  ],
  listOf: (variant, asked) =>
    variant.filters.includes('post')
      ? commentsOfPost(variant, asked)
      : listByCreation(
          {
            kind: 'comment',
            item: shownComment,
            order: variant.order,
            isBounded: variant.filters.includes('bounds'),
            filter: { authorId: variant.filters.includes('author') ? asked.userId : undefined },
          },
          asked,
        ),
})

/** No rollup knows where in time a post's comments lie: between bounds they are counted by their index. */
function commentsOfPost({ order, filters }: ListVariant, asked: Placeholders<ListParams>): ListSql {
  const isBounded = filters.includes('bounds')
  const source = {
    from: sql`${comments}`,
    where: sql`${comments.deletedAt} is null and ${comments.postId} = ${asked.postId}::bigint${isBounded ? within(comments.createdAt, asked) : sql.empty()}`,
    key: sql`${comments.createdAt}`,
    id: sql`${comments.id}`,
  }
  const total = isBounded
    ? sql`(select count(*) from ${source.from} where ${source.where})`
    : countOfPost(asked)
  const list = {
    sources: [source],
    key: 'instant',
    order,
    item: shownComment,
    total,
  } as const
  return { ...list, landing: () => landFromNearerEnd(list, asked) }
}

/** Live comments of a live post, by the rollup. */
const countOfPost = ({
  postId,
}: Placeholders<ListParams>) => sql`(select coalesce(sum(n), 0)::bigint from (
        select n from rollup.post_comments where post_id = ${postId}::bigint
        union all
        select n from rollup.pending_post_comments where post_id = ${postId}::bigint
      ) as both_parts)`

export const commentById = statement(
  'comment_by_id',
  { reads, isOnly: true },
  (_, asked: Placeholders<ById>) => rowById(comments, wholeComment, asked),
)
