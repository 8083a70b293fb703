import { z } from '@hono/zod-openapi'
import { openMetadataSchema } from '../../../http/paging/page.ts'
import { inOrder, oneStrategy, order, pageParameters } from '../../../http/paging/query.ts'
import { id, instant } from '../../../http/parameters.ts'
import { rowId, time } from '../../../http/values.ts'

const changed = z
  .record(z.string(), z.unknown())
  .nullable()
  .openapi({ description: 'The fields that changed; texts of over 1,000 characters end with `…`.' })

export const auditEntrySchema = z
  .object({
    id: rowId,
    at: time,
    actor: z.string().openapi({
      description: 'Who: `key:12`, `jwt:subject`, `job:erase_user`, or `anyone` without keys.',
    }),
    action: z.string(),
    table: z.string(),
    rowId: rowId.nullable(),
    old: changed,
    new: changed,
    requestId: z.string().nullable(),
    address: z.string().nullable().openapi({ description: 'Of the client.' }),
  })
  .openapi('AuditEntry')

export const auditPageSchema = z
  .object({ items: z.array(auditEntrySchema), metadata: openMetadataSchema })
  .openapi('AuditPage')

const name = z
  .string()
  .refine((text) => text.length > 0 && text.length <= 200, 'must have 1 to 200 characters')

export const auditQuery = z
  .strictObject({
    table: name.optional().openapi({ description: 'Only changes of rows of this table.' }),
    rowId: id.optional().openapi({ description: 'Only changes of this row; with `table`.' }),
    actor: name.optional().openapi({ description: 'Only what this actor did.' }),
    action: name.optional().openapi({ description: 'Only changes of this kind.' }),
    requestId: name.optional().openapi({ description: 'Only what this request did.' }),
    from: instant.optional().openapi({ description: 'From this instant on.' }),
    to: instant.optional().openapi({ description: 'Before this instant.' }),
    order: order.openapi({ description: 'Missing: `desc`.' }),
    ...pageParameters,
  })
  .check(
    oneStrategy,
    inOrder('from', 'to'),
    z.refine((query) => query.rowId === undefined || query.table !== undefined, {
      path: ['rowId'],
      message: 'goes with table only',
    }),
  )

export type AuditEntry = z.infer<typeof auditEntrySchema>
export type AuditPage = z.infer<typeof auditPageSchema>
