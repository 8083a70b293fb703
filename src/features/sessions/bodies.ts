import { z } from '@hono/zod-openapi'
import { someOf } from '../../http/fields.ts'
import { instant } from '../../http/parameters.ts'
import { rowId } from '../../http/values.ts'

const fields = { lastSeenAt: instant }

export const newSession = z
  .strictObject({
    userId: rowId.openapi({ description: 'Of a user who is there and not deleted.' }),
    createdAt: instant.optional().openapi({ description: 'Missing: now.' }),
    lastSeenAt: instant.optional().openapi({ description: 'Missing: as `createdAt`.' }),
  })
  .openapi('NewSession')

export const sessionChanges = someOf(fields).openapi('SessionChanges')
