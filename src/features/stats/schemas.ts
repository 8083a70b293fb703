import { z } from '@hono/zod-openapi'
import type { Kind } from '../../db/rollup/tables.ts'
import { instant, listOf, utcDate } from '../../http/parameters.ts'
import { intervals, leastBuckets, mostBuckets, tooManyBuckets } from './buckets.ts'
import { isReversed, isTooLong, mostDays } from './days.ts'
import { isZone } from './zone.ts'

const asOf = z.string().openapi({
  format: 'date-time',
  example: '2020-05-31T01:40:47.307000Z',
  description: 'All that was committed before this instant is counted.',
})

const perTable = <Value extends z.ZodType>(value: Value) =>
  z.object({ users: value, posts: value, comments: value, sessions: value })

export const statsSchema = z
  .object({
    asOf,
    totals: perTable(z.int()),
    active: z.object({
      now: z.int().openapi({ description: 'Live sessions seen in the last 5 minutes.' }),
      day: z.int(),
      week: z.int(),
      month: z.int(),
    }),
    new: z.object({
      today: perTable(z.int()),
      window: perTable(z.int()),
      previous: perTable(z.int()),
      changePct: perTable(z.number().nullable()).openapi({
        description: 'From `previous` to `window`, two decimals; null where previous is 0.',
      }),
    }),
  })
  .openapi('DashboardStats')
export type Stats = z.infer<typeof statsSchema>

export const statsQuery = z.strictObject({
  window: z
    .string()
    .transform((text) => (/^\d{1,3}d$/.test(text) ? Number.parseInt(text, 10) : 0))
    .refine((days) => days >= 1 && days <= 365, 'must be 1d to 365d')
    .default(7)
    .openapi({
      type: 'string',
      pattern: '^\\d+d$',
      default: '7d',
      description: 'The UTC days that end today; `previous` is as many days before them.',
    }),
})

export const activeUsersSchema = z
  .object({
    asOf,
    items: z.array(
      z.object({
        date: z.string().openapi({ format: 'date' }),
        day: z.int(),
        week: z.int(),
        month: z.int(),
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

export const kindOf = {
  posts: 'post',
  comments: 'comment',
  signups: 'signup',
  sessions: 'session',
} as const satisfies Record<string, Kind>
export const metrics = ['posts', 'comments', 'signups', 'sessions'] as const
export type Metric = (typeof metrics)[number]

const count = z.int().optional()
export const trendsSchema = z
  .object({
    asOf,
    items: z.array(
      z.object({
        start: z.string().openapi({
          format: 'date-time',
          description: 'Where the bucket begins in the time zone, also where `from` cuts into it.',
        }),
        posts: count,
        comments: count,
        signups: count,
        sessions: count,
      }),
    ),
  })
  .openapi('Trends')
export type Trends = z.infer<typeof trendsSchema>

export const trendsQuery = z
  .strictObject({
    metric: listOf(metrics)
      .default([...metrics])
      .openapi({ default: metrics }),
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
      .openapi({ example: 'America/New_York' }),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    message: 'must not be before from',
  })
  .refine((asked) => leastBuckets(asked) <= mostBuckets, {
    path: [tooManyBuckets.path],
    message: tooManyBuckets.message,
  })
export type TrendsQuery = z.infer<typeof trendsQuery>
