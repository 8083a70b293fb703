import { z } from '@hono/zod-openapi'
import { utcDate } from '../../../http/parameters.ts'
import { asOf, count } from '../../../http/values.ts'
import { isReversed, isTooLong, mostDays } from '../days.ts'

export const activeUsersSchema = z
  .object({
    asOf,
    items: z.array(
      z.object({
        date: z.string().openapi({ format: 'date' }),
        day: count,
        week: count.openapi({ description: 'In the 7 days that end with the date.' }),
        month: count.openapi({ description: 'In the 30 days that end with the date.' }),
      }),
    ),
  })
  .openapi('ActiveUsers')
export type ActiveUsers = z.infer<typeof activeUsersSchema>

export const activeUsersQuery = z
  .strictObject({
    date: utcDate.optional().openapi({
      description: 'One day, today where nothing is asked. A day to come answers what is known.',
    }),
    from: utcDate.optional().openapi({ description: 'The first day. Missing: 30 days in all.' }),
    to: utcDate.optional().openapi({ description: 'The last day. Missing: today.' }),
  })
  .refine(({ date, from, to }) => date === undefined || (from ?? to) === undefined, {
    path: ['date'],
    message: 'cannot be combined with from or to',
    when: () => true,
  })
  .refine((asked) => !isReversed(asked), {
    path: ['to'],
    message: 'must not be before from',
  })
  .refine((asked) => !isTooLong(asked), {
    path: ['to'],
    message: `must leave at most ${mostDays} days`,
  })
