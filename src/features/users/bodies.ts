import { z } from '@hono/zod-openapi'
import { email, properties, someOf, text } from '../../http/fields.ts'
import { instant } from '../../http/parameters.ts'

const username = text(1, 200)
const fields = {
  email: email.nullable(),
  isActive: z.boolean(),
  isAdmin: z.boolean(),
  lastSeenAt: instant.nullable(),
  preferences: properties,
}

export const newUser = z
  .strictObject({
    username,
    ...z.object(fields).partial().shape,
    isActive: fields.isActive.optional().openapi({ description: 'Missing: true.' }),
    isAdmin: fields.isAdmin.optional().openapi({ description: 'Missing: false.' }),
    createdAt: instant.optional().openapi({ description: 'Missing: now.' }),
  })
  .openapi('NewUser')

export const userChanges = someOf({ username, ...fields }).openapi('UserChanges')
