import { z } from '@hono/zod-openapi'
import { containing, gathering } from '../../http/paging/containing.ts'
import { openMetadataSchema } from '../../http/paging/page.ts'
import {
  creationBounds,
  inOrder,
  oneOf,
  oneStrategy,
  onlySortedBy,
  order,
  pageParameters,
  tags,
} from '../../http/paging/query.ts'
import { id } from '../../http/parameters.ts'
import { count, owner, properties, rowId, time } from '../../http/values.ts'

const listed = {
  id: rowId,
  title: z.string().nullable().openapi({ description: 'In a list its first 300 characters.' }),
  body: z.string().openapi({ description: 'In a list its first 5,000 characters.' }),
  isTruncated: z.boolean().openapi({ description: 'Whether `body` goes on.' }),
  tags: z.array(z.string()).openapi({ description: 'In lower case, each once.' }),
  author: owner.openapi({
    description: 'Null where the account is gone or was never known.',
  }),
  commentsCount: count.openapi({ description: 'Live comments, counted exactly.' }),
  viewsCount: count.openapi({
    description:
      'Views, written down every 2 s; an answer that was kept may show how many there were a minute before.',
  }),
  createdAt: time,
  updatedAt: time,
}
export const listedPostSchema = z.object(listed).openapi('ListedPost')

export const postSchema = z.object({ ...listed, metadata: properties }).openapi('Post')

export const postPageSchema = z
  .object({ items: z.array(listedPostSchema), metadata: openMetadataSchema })
  .openapi('PostPage')

export const postQuery = gathering(
  'metadata',
  z
    .strictObject({
      sort: z.enum(['createdAt', 'commentsCount']).default('createdAt'),
      order: order.openapi({ description: 'Missing: `desc`.' }),
      authorId: id.optional().openapi({
        description: 'Only the posts of this user; with `sort=createdAt`.',
      }),
      tag: tags.optional().openapi({
        description:
          'Only posts with this tag, or with all of several; with `sort=createdAt`, not with `authorId`.',
      }),
      metadata: containing(
        'Only posts whose metadata has these values: `metadata[status]=open`, `metadata[build][os]=linux`; up to 4, `5` and `true` as texts or as themselves. With `sort=createdAt`, not with `authorId`.',
      ),
      ...creationBounds,
      ...pageParameters,
    })
    .check(
      oneStrategy,
      inOrder('createdAfter', 'createdBefore'),
      ...(['authorId', 'tag', 'metadata', 'createdAfter', 'createdBefore'] as const).map((name) =>
        onlySortedBy('createdAt', name),
      ),
      oneOf('authorId', 'tag'),
      oneOf('authorId', 'metadata'),
    ),
)

export type Post = z.infer<typeof postSchema>
export type ListedPost = z.infer<typeof listedPostSchema>
export type PostPage = z.infer<typeof postPageSchema>
