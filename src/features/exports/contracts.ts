import { createRoute } from '@hono/zod-openapi'
import { headersOf, requestHeaders } from '../../http/contract.ts'
import { pathId } from '../../http/parameters.ts'
import { failures, post, read, remove } from '../../http/responses.ts'
import { requires } from '../../http/security.ts'
import { takesNoQuery } from '../../http/validation.ts'
import { exportExample, exportListExamples, newExportExample } from './examples.ts'
import { exportBody, exportListSchema, exportSchema, exportsQuery } from './schemas.ts'

const about = { security: requires('read'), tags: ['Exports'] }
const theirs = 'To a caller who did not ask for it, and is no admin, it does not exist.'

export const createExport = createRoute({
  ...about,
  method: 'post',
  path: '/exports',
  operationId: 'createExport',
  summary: 'Exports a whole list, the feed or trends to a file',
  description:
    'A job writes it, all as of one snapshot, with what the list shows; ask for the export until it is `done`. At most three of a caller wait or run at once. In CSV a text that begins with `=`, `+`, `-`, `@`, a tab or a carriage return has an apostrophe before it.',
  parameters: requestHeaders('Idempotency-Key', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { body: { required: true, content: { 'application/json': { schema: exportBody } } } },
  responses: post(
    202,
    {
      description: 'The export, which waits for its turn',
      schema: exportSchema,
      examples: newExportExample,
      headers: ['Location'],
    },
    'not_found',
  ),
})

export const listExports = createRoute({
  ...about,
  method: 'get',
  path: '/exports',
  operationId: 'listExports',
  summary: "The caller's own exports, newest first",
  description: 'Those that expired are there for as long as their jobs are remembered.',
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  request: { query: exportsQuery },
  responses: read({
    description: 'The newest of them',
    schema: exportListSchema,
    examples: exportListExamples,
  }),
})

export const getExport = createRoute({
  ...about,
  method: 'get',
  path: '/exports/{id}',
  operationId: 'getExport',
  summary: 'An export and how far it is',
  description: theirs,
  parameters: requestHeaders('If-None-Match', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: read(
    { description: 'The export', schema: exportSchema, examples: exportExample },
    'not_found',
  ),
})

export const deleteExport = createRoute({
  ...about,
  method: 'delete',
  path: '/exports/{id}',
  operationId: 'deleteExport',
  summary: 'Cancels an export, and removes it and its file',
  description: theirs,
  parameters: requestHeaders('X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: remove('It is removed, and cancelled where it was under way', 'not_found'),
})

const fileHeaders = headersOf('ETag', 'Cache-Control', 'Accept-Ranges', 'Content-Disposition')
const content = Object.fromEntries(
  ['application/gzip', 'text/csv', 'application/x-ndjson'].map((type) => [
    type,
    { schema: { type: 'string' as const, format: 'binary' } },
  ]),
)

export const downloadExport = createRoute({
  ...about,
  method: 'get',
  path: '/exports/{id}/file',
  operationId: 'downloadExport',
  summary: 'The file of an export',
  description: `Whole, or the one part that \`Range\` asks for; of several parts all is sent. Until it is written, and once it has expired, there is none. ${theirs}`,
  parameters: requestHeaders('Range', 'If-Range', 'If-None-Match', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: {
    200: { description: 'The file', content, headers: fileHeaders },
    206: {
      description: 'The part of it',
      content,
      headers: { ...fileHeaders, ...headersOf('Content-Range') },
    },
    304: {
      description: 'The client has it.',
      headers: headersOf('ETag', 'Cache-Control', 'Accept-Ranges'),
    },
    ...failures(
      'validation_failed',
      'not_found',
      'range_not_satisfiable',
      'unauthenticated',
      'forbidden',
      'misdirected_request',
      'rate_limited',
      'internal_error',
      'database_unavailable',
      'pool_exhausted',
      'overloaded',
      'serialization_failed',
      'timeout',
    ),
  },
})
