import { z } from '@hono/zod-openapi'
import { kinds } from '../../db/rollup/kinds.ts'
import { metadataSchema } from '../../http/paging/page.ts'
import { inOrder, oneStrategy, pageParameters } from '../../http/paging/query.ts'
import { id, instant, listOf } from '../../http/parameters.ts'
import { rowId, time } from '../../http/values.ts'

const actor = z.object({ id: rowId, username: z.string() }).openapi('Actor')

export const activityItem = z
  .object({
    kind: z.enum(kinds),
    id: rowId,
    createdAt: time,
    actor: actor
      .nullable()
      .openapi({ description: 'Null where the account is gone or was never known.' }),
    post: z.object({ id: rowId, title: z.string().nullable() }).nullable().openapi({
      description: 'The post, or the post commented on; its title is null once it is deleted.',
    }),
    excerpt: z
      .string()
      .nullable()
      .openapi({ description: 'The first 200 characters of a post or comment.' }),
  })
  .openapi('ActivityItem')

export const activityPageSchema = z
  .object({ items: z.array(activityItem), metadata: metadataSchema })
  .openapi('ActivityPage')
export type ActivityPage = z.infer<typeof activityPageSchema>

export const activityQuery = z
  .strictObject({
    kind: listOf(kinds)
      .default(['post', 'comment', 'signup'])
      .openapi({
        default: ['post', 'comment', 'signup'],
        description: 'The kinds of activity, separated by commas.',
      }),
    authorId: id.optional().openapi({ description: 'Only what this user did.' }),
    before: instant.optional().openapi({ description: 'Only what happened before this instant.' }),
    after: instant.optional().openapi({ description: 'Only what happened after this instant.' }),
    ...pageParameters,
  })
  .check(oneStrategy, inOrder('after', 'before'))
export type ActivityQuery = z.infer<typeof activityQuery>
