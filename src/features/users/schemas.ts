import { z } from '@hono/zod-openapi'
import { containing, gathering } from '../../http/paging/containing.ts'
import { openMetadataSchema } from '../../http/paging/page.ts'
import {
  creationBounds,
  inOrder,
  oneOf,
  oneStrategy,
  onlySortedBy,
  order,
  pageParameters,
} from '../../http/paging/query.ts'
import { flag } from '../../http/parameters.ts'
import { properties, rowId, time } from '../../http/values.ts'

const listed = {
  id: rowId,
  username: z.string(),
  isActive: z.boolean(),
  isAdmin: z.boolean(),
  lastSeenAt: time.nullable().openapi({ description: 'Null where the user was never seen.' }),
  createdAt: time,
  updatedAt: time,
}
export const listedUserSchema = z.object(listed).openapi('ListedUser')

export const userSchema = z.object({ ...listed, preferences: properties }).openapi('User')

export const userPageSchema = z
  .object({ items: z.array(listedUserSchema), metadata: openMetadataSchema })
  .openapi('UserPage')

export const userQuery = gathering(
  'preferences',
  z
    .strictObject({
      sort: z.enum(['createdAt', 'username', 'lastSeenAt']).default('createdAt').openapi({
        description:
          'By `username` whatever its case; by `lastSeenAt` users never seen stand before every instant.',
      }),
      order: order.openapi({ description: 'Missing: `asc` for `username`, else `desc`.' }),
      isActive: flag.optional(),
      isAdmin: flag.optional(),
      search: z
        .string()
        .refine(
          (text) => text.length <= 100 && /[\p{L}\p{N}]{3}/u.test(text),
          'must have three letters or digits in a row, and at most 100 characters',
        )
        .optional()
        .openapi({ description: 'Only users whose name contains this text, whatever its case.' }),
      preferences: containing(
        'Only users whose preferences have these values: `preferences[theme]=dark`; up to 4, `5` and `true` as texts or as themselves. With `sort=createdAt`, alone or with bounds.',
      ),
      ...creationBounds,
      ...pageParameters,
    })
    .check(
      oneStrategy,
      inOrder('createdAfter', 'createdBefore'),
      onlySortedBy('createdAt', 'createdAfter'),
      onlySortedBy('createdAt', 'createdBefore'),
      onlySortedBy('createdAt', 'preferences'),
      oneOf('preferences', 'isActive'),
      oneOf('preferences', 'isAdmin'),
      oneOf('preferences', 'search'),
    ),
)

export type User = z.infer<typeof userSchema>
export type ListedUser = z.infer<typeof listedUserSchema>
export type UserPage = z.infer<typeof userPageSchema>
