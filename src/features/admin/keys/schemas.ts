import { z } from '@hono/zod-openapi'
import { scopes } from '../../../auth/caller.ts'
import { text } from '../../../http/fields.ts'
import { instant, pageSize } from '../../../http/parameters.ts'
import { rowId, time } from '../../../http/values.ts'

const scope = z.enum(scopes).openapi({ description: '`write` does not read; `admin` does both.' })

export const keySchema = z
  .object({
    id: rowId,
    name: z.string(),
    prefix: z.string().openapi({ description: 'Its first characters, by which people know it.' }),
    scopes: z.array(scope),
    createdAt: time,
    createdBy: z.string().openapi({ description: 'Who made it: `key:12`, `command`.' }),
    expiresAt: time.nullable().openapi({ description: 'Null for never.' }),
    revokedAt: time.nullable(),
    lastUsedAt: time.nullable().openapi({ description: 'To the minute.' }),
  })
  .openapi('Key')

export const newKeySchema = keySchema
  .extend({
    key: z.string().nullable().openapi({
      description:
        'The key itself, shown this once and kept nowhere: null where the answer is replayed.',
    }),
  })
  .openapi('NewKey')

export const keyPageSchema = z
  .object({
    items: z.array(keySchema),
    metadata: z.object({
      pageSize: z.int().min(1).max(100),
      hasNext: z.boolean(),
      nextCursor: z.string().nullable().openapi({ description: 'Null on the last page.' }),
    }),
  })
  .openapi('KeyPage')

export const keyQuery = z.strictObject({
  cursor: z.string().optional().openapi({ description: 'Goes on from a `nextCursor`.' }),
  pageSize: pageSize.openapi({ description: 'Items on a page.' }),
})

export const keyBody = z
  .strictObject({
    name: text(1, 200).openapi({ description: 'Who uses it, and for what.' }),
    scopes: z
      .array(scope)
      .min(1, 'must name one scope at least')
      .transform((asked) => scopes.filter((each) => asked.includes(each))),
    expiresAt: instant.nullable().optional().openapi({ description: 'Left out: never.' }),
  })
  .openapi('KeyToMake')
