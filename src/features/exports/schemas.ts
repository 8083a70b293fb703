import { z } from '@hono/zod-openapi'
import { wholeNumber } from '../../http/parameters.ts'
import { count, rowId, time } from '../../http/values.ts'

export const resources = ['users', 'posts', 'comments', 'sessions', 'activity', 'trends'] as const
export const formats = ['csv', 'ndjson'] as const
export type Resource = (typeof resources)[number]
export type Format = (typeof formats)[number]

const single = z.union([z.string(), z.number(), z.boolean()])

export const exportBody = z
  .strictObject({
    resource: z
      .enum(resources)
      .openapi({ description: 'What is exported: all that its list shows.' }),
    format: z.enum(formats).default('csv').openapi({
      description: 'CSV has a header; NDJSON has an object on each line, as the list shows it.',
    }),
    filters: z
      .record(z.string(), z.union([single, z.array(single)]))
      .default({})
      .openapi({
        description: 'Query parameters of the list, but for `cursor`, `page` and `pageSize`.',
      }),
    isCompressed: z.boolean().default(true).openapi({ description: 'Whether the file is gzip.' }),
  })
  .openapi('ExportRequest')
export type ExportRequest = z.infer<typeof exportBody>

export const exportSchema = z
  .object({
    id: rowId,
    state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled', 'expired']).openapi({
      description: 'The file is there while it is `done`; what failed once waits for the next try.',
    }),
    progress: z.object({
      done: count.openapi({ description: 'Rows written.' }),
      total: count.nullable().openapi({ description: 'Null where it is not known.' }),
    }),
    resource: z.enum(resources),
    format: z.enum(formats),
    filters: z.record(z.string(), z.string()),
    isCompressed: z.boolean(),
    size: count.nullable().openapi({ description: 'Bytes of the file; null until it is done.' }),
    error: z.string().nullable().openapi({ description: 'Why the last try failed.' }),
    createdAt: time,
    finishedAt: time.nullable(),
    expiresAt: time.nullable().openapi({ description: 'When the file goes.' }),
  })
  .openapi('Export')
export type Export = z.infer<typeof exportSchema>

export const exportListSchema = z.object({ items: z.array(exportSchema) }).openapi('ExportList')
export type ExportList = z.infer<typeof exportListSchema>

export const exportsQuery = z.strictObject({
  limit: wholeNumber(1, 100)
    .default(20)
    .openapi({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
})
