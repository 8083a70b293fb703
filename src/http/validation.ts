import type { z } from '@hono/zod-openapi'
import { type FieldError, validationFailed } from '../errors/error.ts'

type Checked = { readonly success: true } | { readonly success: false; readonly error: z.ZodError }

/** What every route does with input that does not fit its schema: refuses it with all its faults. */
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
  // Hono gives an array where a query parameter came twice
  const isRepeated = issue.code === 'invalid_type' && issue.message.endsWith('received array')
  const message = isRepeated ? 'must be given once' : issue.message
  return [{ path: issue.path.join('.'), message }]
}
