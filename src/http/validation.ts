import type { z } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { type FieldError, validationFailed } from '../errors/error.ts'
import type { AppEnv } from './context.ts'

/** `data` is the input of a check that failed. */
type Checked =
  | { readonly success: true }
  | {
      readonly success: false
      readonly error: z.ZodError
      readonly data?: unknown
      readonly target?: string
    }

const notHere = 'is not a parameter here'

/** Refuses every parameter in the query of a route that takes none: as its schema it would be one that clients must send. */
export const takesNoQuery: MiddlewareHandler<AppEnv> = async function takesNoQuery(c, next) {
  const names = Object.keys(c.req.queries())
  if (names.length > 0) throw validationFailed(names.map((path) => ({ path, message: notHere })))
  await next()
}

/** The hook of every route: rejects input that does not fit its schema, naming every field at fault. */
export const rejectInvalid = (checked: Checked): undefined => {
  if (!checked.success)
    throw validationFailed(
      checked.target === 'json'
        ? checked.error.issues.flatMap(bodyErrorsOf)
        : queryErrorsOf(checked.error, checked.data),
    )
}

/** Every fault of parameters, wherever they stood. */
export const queryErrorsOf = ({ issues }: z.ZodError, input: unknown): FieldError[] =>
  issues.flatMap((issue) => fieldErrorsOf(issue, input))

function bodyErrorsOf(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code !== 'unrecognized_keys')
    return [{ path: issue.path.join('.') || 'body', message: messageOf(issue) }]
  return issue.keys.map((key) => ({
    path: [...issue.path, key].join('.'),
    message: 'is not a field here',
  }))
}

/** Zod says it in JavaScript's words. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type') return issue.message
  if (issue.message.endsWith('received undefined')) return 'is required'
  return `must be ${nouns[issue.expected] ?? issue.expected}`
}

const nouns: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function fieldErrorsOf(issue: z.core.$ZodIssue, input: unknown): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...issue.path, key].join('.'),
      message: notHere,
    }))
  }
  // Hono passes an array where a query parameter is repeated
  const isRepeated =
    (issue.code === 'invalid_type' && issue.message.endsWith('received array')) ||
    (issue.code === 'invalid_value' && Array.isArray(valueAt(input, issue.path)))
  const message = isRepeated ? 'must be given once' : issue.message
  return [{ path: issue.path.join('.').replaceAll('.[', '['), message }]
}

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value ? Reflect.get(value, key) : undefined),
    input,
  )
