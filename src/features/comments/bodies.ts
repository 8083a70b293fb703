import { z } from '@hono/zod-openapi'
import { someOf, text } from '../../http/fields.ts'
import { instant } from '../../http/parameters.ts'
import { rowId } from '../../http/values.ts'

const fields = { body: text(1, 20_000) }

export const newComment = z
  .strictObject({
    postId: rowId.openapi({ description: 'Of a post that is there and not deleted.' }),
    authorId: rowId.nullable().optional().openapi({ description: 'Missing or null: authorless.' }),
    ...fields,
    createdAt: instant.optional().openapi({ description: 'Missing: now.' }),
  })
  .openapi('NewComment')

export const commentChanges = someOf(fields).openapi('CommentChanges')
