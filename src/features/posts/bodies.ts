import { z } from '@hono/zod-openapi'
import { properties, someOf, tags, text } from '../../http/fields.ts'
import { instant } from '../../http/parameters.ts'
import { rowId } from '../../http/values.ts'

const fields = {
  title: text(0, 300).nullable(),
  body: text(0, 100_000),
  tags,
  metadata: properties,
}

export const newPost = z
  .strictObject({
    authorId: rowId.nullable().optional().openapi({ description: 'Missing or null: authorless.' }),
    ...z.object(fields).partial().shape,
    createdAt: instant.optional().openapi({ description: 'Missing: now.' }),
  })
  .openapi('NewPost')

export const postChanges = someOf(fields).openapi('PostChanges')
