import { listByCreation } from '../../db/list/by-creation.ts'
import { listFamily } from '../../db/list/family.ts'
import { type ById, rowById } from '../../db/list/row.ts'
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
  ],
  listOf: ({ order, filters }, asked) =>
    listByCreation(
      {
        kind: 'post',
        item: shownPost,
        order,
        isBounded: filters.includes('bounds'),
        filter: { authorId: filters.includes('author') ? asked.userId : undefined },
      },
      asked,
    ),
})

export const postById = statement(
  'post_by_id',
  { reads, isOnly: true },
  (_, asked: Placeholders<ById>) => rowById(posts, wholePost, asked),
)
