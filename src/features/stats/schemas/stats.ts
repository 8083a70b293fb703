import { z } from '@hono/zod-openapi'
import { recordOf, type TableName } from '../../../db/rollup/kinds.ts'
import { asOf, count } from '../../../http/values.ts'

/** The tables in the order of the answer. */
export const statsTables = [
  'users',
  'posts',
  'comments',
  'sessions',
] as const satisfies readonly TableName[]

const perTable = <Value extends z.ZodType>(value: Value) =>
  z.object(recordOf(statsTables, (table) => [table, value]))

export const statsSchema = z
  .object({
    asOf,
    totals: perTable(count),
    active: z.object({
      now: count.openapi({ description: 'Live sessions seen in the last 5 minutes.' }),
      day: count.openapi({
        description: 'Distinct users with a post, comment or session today (UTC).',
      }),
      week: count.openapi({ description: 'In the 7 days that end today.' }),
      month: count.openapi({ description: 'In the 30 days that end today.' }),
    }),
    new: z.object({
      today: perTable(count),
      window: perTable(count),
      previous: perTable(count),
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
      pattern: '^\\d{1,3}d$',
      default: '7d',
      description:
        'The UTC days that end today, 1d to 365d; `previous` is as many days before them.',
    }),
})
