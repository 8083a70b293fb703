import { z } from '@hono/zod-openapi'
import { properties } from '../../../http/fields.ts'
import { metadataSchema } from '../../../http/paging/page.ts'
import { oneStrategy, order, pageParameters } from '../../../http/paging/query.ts'
import { count, rowId, time } from '../../../http/values.ts'

const states = ['waiting', 'running', 'done', 'dead', 'cancelled'] as const

const jobFields = z.object({
  id: rowId,
  kind: z.string(),
  state: z.enum(states),
  params: z.record(z.string(), z.any()),
  createdAt: time,
  createdBy: z.string().openapi({ description: 'Who started it: an actor, or `schedule`.' }),
  runAt: time.openapi({ description: 'A waiting job is not begun before.' }),
  attempts: count.openapi({ description: 'Runs so far; after the fifth failure it is `dead`.' }),
  progress: z.object({ done: count.nullable(), total: count.nullable() }),
  isCancelling: z.boolean().openapi({ description: 'It runs, and is asked to end.' }),
  endedAt: time.nullable(),
  result: z.record(z.string(), z.any()).nullable(),
  error: z.string().nullable().openapi({ description: 'Why its last run failed.' }),
})

export const jobSchema = jobFields.openapi('Job')

export const jobPageSchema = z
  .object({ items: z.array(jobSchema), metadata: metadataSchema })
  .openapi('JobPage')

export const jobWithRunsSchema = jobFields
  .extend({
    runs: z
      .array(
        z.object({
          id: rowId,
          worker: z.string(),
          startedAt: time,
          endedAt: time.nullable(),
          outcome: z
            .enum(['done', 'failed', 'cancelled', 'stopped', 'lost'])
            .nullable()
            .openapi({ description: 'Null while it goes on.' }),
          rows: count.nullable(),
          error: z.string().nullable(),
        }),
      )
      .openapi({ description: 'The last 20, the newest first.' }),
  })
  .openapi('JobWithRuns')

export const jobQuery = z
  .strictObject({
    state: z.enum(states).optional().openapi({ description: 'Only jobs in this state.' }),
    kind: z
      .string()
      .regex(/^\w{1,100}$/, 'must be the name of a kind')
      .optional()
      .openapi({ description: 'Only jobs of this kind.' }),
    order: order.openapi({ description: 'Missing: `desc`.' }),
    ...pageParameters,
  })
  .check(oneStrategy)

export const newJobSchema = <const Name extends string>(names: readonly Name[]) =>
  z.strictObject({
    kind: z.enum(names),
    params: properties.optional().openapi({ description: 'What the kind takes; most take none.' }),
  })

export type JobRow = z.infer<typeof jobSchema>
export type JobPage = z.infer<typeof jobPageSchema>
export type JobWithRuns = z.infer<typeof jobWithRunsSchema>
