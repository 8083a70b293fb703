import { createRoute, type z } from '@hono/zod-openapi'
import type { ErrorCode } from '../errors/error.ts'
import { type HeaderName, requestHeaders } from './contract.ts'
import { pathId } from './parameters.ts'
import { post, remove, write } from './responses.ts'
import { requires } from './security.ts'
import { takesNoQuery } from './validation.ts'

/** A resource whose rows clients write, as the contract names it. */
export type Resource<Path extends string, Row extends z.ZodType> = {
  readonly path: Path
  /** `Post`, and with its article, as a sentence has it. */
  readonly noun: string
  readonly one: string
  readonly tag: string
  readonly schema: Row
  readonly example: z.output<Row>
}

/** The contract of `POST /<resource>`; `description` says what is particular to it. */
export const creates = <
  const Path extends string,
  Row extends z.ZodType,
  Body extends z.ZodType,
  const Code extends ErrorCode = never,
>(
  resource: Resource<Path, Row>,
  body: Body,
  description: string,
  ...codes: Code[]
) =>
  createRoute({
    method: 'post',
    path: resource.path,
    operationId: `create${resource.noun}`,
    tags: [resource.tag],
    summary: `Create ${resource.one}`,
    description,
    security: requires('write'),
    parameters: requestHeaders('Idempotency-Key', 'X-Request-Id'),
    middleware: takesNoQuery,
    request: { body: bodyOf(body) },
    responses: post(201, answerOf(resource, 'POST', ['ETag', 'Location']), ...codes),
  })

/** The contract of `PATCH /<resource>/{id}`. */
export const updates = <
  const Path extends string,
  Row extends z.ZodType,
  Body extends z.ZodType,
  const Code extends ErrorCode = never,
>(
  resource: Resource<Path, Row>,
  body: Body,
  description: string,
  ...codes: Code[]
) =>
  createRoute({
    method: 'patch',
    path: `${resource.path}/{id}`,
    operationId: `update${resource.noun}`,
    tags: [resource.tag],
    summary: `Change fields of ${resource.one}`,
    description,
    security: requires('write'),
    parameters: requestHeaders('If-Match', 'X-Request-Id'),
    middleware: takesNoQuery,
    request: { params: pathId, body: bodyOf(body) },
    responses: write<200, Row, 'not_found' | 'precondition_failed' | Code>(
      200,
      answerOf(resource, 'PATCH', ['ETag']),
      'not_found',
      'precondition_failed',
      ...codes,
    ),
  })

/** The contract of `DELETE /<resource>/{id}`. */
export const removes = <const Path extends string, Row extends z.ZodType>(
  resource: Resource<Path, Row>,
  description: string,
) =>
  createRoute({
    method: 'delete',
    path: `${resource.path}/{id}`,
    operationId: `delete${resource.noun}`,
    tags: [resource.tag],
    summary: `Delete ${resource.one}`,
    description,
    security: requires('write'),
    parameters: requestHeaders('If-Match', 'X-Request-Id'),
    middleware: takesNoQuery,
    request: { params: pathId },
    responses: remove('Deleted.', 'not_found', 'precondition_failed'),
  })

/** The contract of `POST /<resource>/{id}/restore`. */
export const restores = <
  const Path extends string,
  Row extends z.ZodType,
  const Code extends ErrorCode = never,
>(
  resource: Resource<Path, Row>,
  description: string,
  ...codes: Code[]
) =>
  createRoute({
    method: 'post',
    path: `${resource.path}/{id}/restore`,
    operationId: `restore${resource.noun}`,
    tags: [resource.tag],
    summary: `Restore ${resource.one}`,
    description,
    security: requires('write'),
    parameters: requestHeaders('Idempotency-Key', 'X-Request-Id'),
    middleware: takesNoQuery,
    request: { params: pathId },
    responses: post<200, Row, 'not_found' | Code>(
      200,
      answerOf(resource, 'POST', ['ETag']),
      'not_found',
      ...codes,
    ),
  })

const bodyOf = <Body extends z.ZodType>(schema: Body) => ({
  required: true,
  content: { 'application/json': { schema } },
})

const answerOf = <Row extends z.ZodType>(
  { noun, path, schema, example }: Resource<string, Row>,
  method: string,
  headers: readonly HeaderName[],
) => ({
  description: `The ${noun.toLowerCase()} as it is now`,
  schema,
  examples: { written: { summary: `${method} /api/v1${path}`, value: example } },
  headers,
})
