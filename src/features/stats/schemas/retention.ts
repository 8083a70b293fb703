import { z } from '@hono/zod-openapi'
import { utcMonth, wholeNumber } from '../../../http/parameters.ts'
import { asOf, count } from '../../../http/values.ts'
import {
  defaultCohorts,
  defaultMonths,
  isReversed,
  isTooLong,
  mostCohorts,
  mostMonths,
} from '../months.ts'

export const retentionSchema = z
  .object({
    asOf,
    items: z.array(
      z.object({
        cohort: z.string().openapi({ description: 'The month of the sign-ups, YYYY-MM.' }),
        size: count.openapi({ description: 'Its users who are not deleted.' }),
        active: z.array(count).openapi({
          description:
            'How many of them posted, commented or had a session in that month, the one after it, and so on. A month to come has no number.',
        }),
        complete: z.array(z.boolean()).openapi({
          description: 'Whether the month of each number is over.',
        }),
      }),
    ),
  })
  .openapi('Retention')
export type Retention = z.infer<typeof retentionSchema>

export const retentionQuery = z
  .strictObject({
    from: utcMonth.optional().openapi({
      description: `The first cohort. Missing: ${defaultCohorts} cohorts in all.`,
    }),
    to: utcMonth.optional().openapi({ description: 'The last cohort. Missing: this month.' }),
    months: wholeNumber(1, mostMonths).default(defaultMonths).openapi({
      type: 'integer',
      minimum: 1,
      maximum: mostMonths,
      default: defaultMonths,
      description: 'How many months of each cohort, that of the sign-ups included.',
    }),
  })
  .refine((asked) => !isReversed(asked), {
    path: ['to'],
    message: 'must not be before from',
  })
  .refine((asked) => !isTooLong(asked), {
    path: ['to'],
    message: `must leave at most ${mostCohorts} cohorts`,
  })
