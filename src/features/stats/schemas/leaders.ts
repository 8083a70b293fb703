import { z } from '@hono/zod-openapi'
import { utcDate, wholeNumber } from '../../../http/parameters.ts'
import { asOf, count, rowId } from '../../../http/values.ts'

/** What leaders lead by. */
export const leadings = ['posts', 'comments', 'activity'] as const
export type Leading = (typeof leadings)[number]

export const mostLeaders = 100

export const leadersSchema = z
  .object({
    asOf,
    items: z.array(
      z.object({
        user: z.object({ id: rowId, username: z.string() }),
        posts: count,
        comments: count,
      }),
    ),
  })
  .openapi('Leaders')
export type Leaders = z.infer<typeof leadersSchema>

export const leadersQuery = z
  .strictObject({
    by: z.enum(leadings).default('activity').openapi({
      description: 'What most of makes a leader; `activity` is posts and comments together.',
    }),
    from: utcDate.optional().openapi({
      description: 'The first day (UTC) that counts. Missing: from the beginning.',
    }),
    to: utcDate.optional().openapi({
      description: 'The day (UTC) that no longer counts. Missing: to the end.',
    }),
    limit: wholeNumber(1, mostLeaders)
      .default(10)
      .openapi({ type: 'integer', minimum: 1, maximum: mostLeaders, default: 10 }),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    message: 'must not be before from',
  })
