import type { z } from '@hono/zod-openapi'
import { type FieldError, validationFailed } from '../errors/error.ts'

type Checked = { readonly success: true } | { readonly success: false; readonly error: z.ZodError }

/** The hook of every route: rejects input that does not fit its schema, naming every field at fault. */
export const rejectInvalid = (checked: Checked): undefined => {
  if (!checked.success) throw validationFailed(checked.error.issues.flatMap(fieldErrorsOf))
}

function fieldErrorsOf(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key].join('.'),
      message: 'is not a parameter here',
    }))
  }
  // Hono passes an array where a query parameter is repeated
  const isRepeated = issue.code === 'invalid_type' && issue.message.endsWith('received array')
  const message = isRepeated ? 'must be given once' : issue.message
  return [{ path: issue.path.join('.'), message }]
}
