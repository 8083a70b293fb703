import { z } from '@hono/zod-openapi'
import { metrics, recordOf } from '../../../db/rollup/kinds.ts'
import { instant, listOf } from '../../../http/parameters.ts'
import { asOf, count, time } from '../../../http/values.ts'
import { intervals, leastBuckets, mostBuckets, tooManyBuckets } from '../buckets.ts'
import { isZone } from '../zone.ts'

export const trendsItem = z.object({
  start: time.openapi({
    description: 'Where the bucket begins in the time zone, also where `from` cuts into it.',
  }),
  ...recordOf(metrics, (metric) => [metric, count.optional()]),
})

export const trendsSchema = z.object({ asOf, items: z.array(trendsItem) }).openapi('Trends')
export type Trends = z.infer<typeof trendsSchema>

export const trendsQuery = z
  .strictObject({
    metric: listOf(metrics)
      .default([...metrics])
      .openapi({ default: metrics, description: 'What to count, separated by commas.' }),
    from: instant.optional().openapi({
      description: 'Missing: the last 24 hours, 30 days, 12 weeks or 12 months before `to`.',
    }),
    to: instant.optional().openapi({
      description: 'The end, not included. Missing: the end of the current bucket.',
    }),
    interval: z.enum(intervals).default('day').openapi({
      description: 'Weeks begin on Monday.',
    }),
    tz: z
      .string()
      .refine(isZone, 'must be the IANA name of a time zone, such as Europe/Paris')
      .default('UTC')
      .openapi({
        description:
          'The IANA time zone (America/New_York) in which buckets begin, its daylight saving included.',
      }),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    message: 'must not be before from',
  })
  .refine((asked) => leastBuckets(asked) <= mostBuckets, {
    path: [tooManyBuckets.path],
    message: tooManyBuckets.message,
  })
