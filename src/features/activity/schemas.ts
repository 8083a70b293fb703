import { z } from '@hono/zod-openapi'
import { kinds } from '../../db/rollup/kinds.ts'
import { metadataSchema } from '../../http/paging/page.ts'
import { id, instant, listOf, pageSize, wholeNumber } from '../../http/parameters.ts'
import { rowId, time } from '../../http/values.ts'

const actor = z.object({ id: rowId, username: z.string() }).openapi('Actor')

const item = z
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
  .object({ items: z.array(item), metadata: metadataSchema })
  .openapi('ActivityPage')
export type ActivityPage = z.infer<typeof activityPageSchema>

/** Faults are reported all at once: two parameters are compared unless one of them is wrong by itself. */
const areSound =
  (...names: string[]) =>
  ({ issues }: z.core.ParsePayload) =>
    !issues.some(({ path }) => names.includes(String(path?.[0])))

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
    cursor: z.string().optional().openapi({
      description: 'Goes on from a `nextCursor` or `prevCursor` of a page with the same filters.',
    }),
    page: wholeNumber(1, 1_000_000_000)
      .optional()
      .openapi({ description: 'Jumps to a numbered page.' }),
    pageSize: pageSize.openapi({ description: 'Items on a page.' }),
  })
  .refine(({ cursor, page }) => cursor === undefined || page === undefined, {
    path: ['page'],
    message: 'cannot be combined with cursor',
    when: areSound('cursor', 'page'),
  })
  .refine(({ after, before }) => after === undefined || before === undefined || after < before, {
    path: ['after'],
    message: 'must be earlier than before',
    when: areSound('after', 'before'),
  })
export type ActivityQuery = z.infer<typeof activityQuery>
