import { z } from '@hono/zod-openapi'
import { metadataSchema } from '../../http/paging/page.ts'
import {
  creationBounds,
  inOrder,
  oneStrategy,
  onlySortedBy,
  order,
  pageParameters,
} from '../../http/paging/query.ts'
import { id } from '../../http/parameters.ts'
import { owner, rowId, time } from '../../http/values.ts'

export const sessionSchema = z
  .object({
    id: rowId,
    user: owner.openapi({ description: 'Null where the account is deleted.' }),
    createdAt: time,
    lastSeenAt: time,
  })
  .openapi('Session')

export const sessionPageSchema = z
  .object({ items: z.array(sessionSchema), metadata: metadataSchema })
  .openapi('SessionPage')

export const sessionQuery = z
  .strictObject({
    sort: z.enum(['createdAt', 'lastSeenAt']).default('createdAt'),
    order: order.openapi({ description: 'Missing: `desc`.' }),
    userId: id.optional().openapi({ description: 'Only the sessions of this user.' }),
    ...creationBounds,
    ...pageParameters,
  })
  .check(
    oneStrategy,
    inOrder('createdAfter', 'createdBefore'),
    onlySortedBy('createdAt', 'createdAfter'),
    onlySortedBy('createdAt', 'createdBefore'),
  )

export type Session = z.infer<typeof sessionSchema>
export type SessionPage = z.infer<typeof sessionPageSchema>
