import { z } from '@hono/zod-openapi'
import { metadataSchema } from '../../http/paging/page.ts'
import {
  creationBounds,
  inOrder,
  oneStrategy,
  onlySortedBy,
  order,
  pageParameters,
} from '../../http/paging/query.ts'
import { id } from '../../http/parameters.ts'
import { count, owner, rowId, time } from '../../http/values.ts'

export const postSchema = z
  .object({
    id: rowId,
    title: z.string().nullable().openapi({ description: 'In a list its first 300 characters.' }),
    body: z.string().openapi({ description: 'In a list its first 5,000 characters.' }),
    isTruncated: z.boolean().openapi({ description: 'Whether `body` goes on.' }),
    author: owner.openapi({
      description: 'Null where the account is gone or was never known.',
    }),
    commentsCount: count.openapi({ description: 'Live comments, counted exactly.' }),
    createdAt: time,
    updatedAt: time,
  })
  .openapi('Post')

export const postPageSchema = z
  .object({ items: z.array(postSchema), metadata: metadataSchema })
  .openapi('PostPage')

export const postQuery = z
  .strictObject({
    sort: z.enum(['createdAt', 'commentsCount']).default('createdAt'),
    order: order.openapi({ description: 'Missing: `desc`.' }),
    authorId: id.optional().openapi({
      description: 'Only the posts of this user; with `sort=createdAt`.',
    }),
    ...creationBounds,
    ...pageParameters,
  })
  .check(
    oneStrategy,
    inOrder('createdAfter', 'createdBefore'),
    onlySortedBy('createdAt', 'authorId'),
    onlySortedBy('createdAt', 'createdAfter'),
    onlySortedBy('createdAt', 'createdBefore'),
  )

export type Post = z.infer<typeof postSchema>
export type PostPage = z.infer<typeof postPageSchema>
