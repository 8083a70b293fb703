import { z } from '@hono/zod-openapi'
import { metadataSchema } from '../../http/paging/page.ts'
import {
  creationBounds,
  inOrder,
  oneOf,
  oneStrategy,
  order,
  pageParameters,
} from '../../http/paging/query.ts'
import { id } from '../../http/parameters.ts'
import { owner, rowId, time } from '../../http/values.ts'

export const commentSchema = z
  .object({
    id: rowId,
    postId: rowId.openapi({ description: 'The post commented on, even if that is deleted.' }),
    author: owner.openapi({
      description: 'Null where the account is gone or was never known.',
    }),
    body: z.string().openapi({ description: 'In a list its first 5,000 characters.' }),
    isTruncated: z.boolean().openapi({ description: 'Whether `body` goes on.' }),
    createdAt: time,
    updatedAt: time,
  })
  .openapi('Comment')

export const commentPageSchema = z
  .object({ items: z.array(commentSchema), metadata: metadataSchema })
  .openapi('CommentPage')

export const commentQuery = z
  .strictObject({
    sort: z.enum(['createdAt']).default('createdAt'),
    order: order.openapi({ description: 'Missing: `desc`.' }),
    authorId: id.optional().openapi({ description: 'Only the comments of this user.' }),
    postId: id.optional().openapi({
      description: 'Only the comments on this post; not together with `authorId`.',
    }),
    ...creationBounds,
    ...pageParameters,
  })
  .check(oneStrategy, inOrder('createdAfter', 'createdBefore'), oneOf('authorId', 'postId'))

export type Comment = z.infer<typeof commentSchema>
export type CommentPage = z.infer<typeof commentPageSchema>
