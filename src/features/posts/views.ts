import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../http/context.ts'
import { headersOf, requestHeaders } from '../../http/contract.ts'
import { pathId } from '../../http/parameters.ts'
import { reply } from '../../http/reply.ts'
import { failures } from '../../http/responses.ts'
import { requires } from '../../http/security.ts'
import { takesNoQuery } from '../../http/validation.ts'

const viewPost = createRoute({
  method: 'post',
  path: '/posts/{id}/view',
  operationId: 'viewPost',
  tags: ['Posts'],
  summary: 'Counts a view of a post',
  description:
    'Answered before it is written: the view shows in `viewsCount` some 2 s later, and a server that is killed loses those of the last 2 s. So an id that no post has is accepted too, and counts nothing. Each request is a view of its own: `Idempotency-Key` means nothing here.',
  security: requires('write'),
  parameters: requestHeaders('X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: {
    202: { description: 'It will be counted', headers: headersOf('Cache-Control') },
    ...failures(
      'validation_failed',
      'malformed_json',
      'unauthenticated',
      'forbidden',
      'payload_too_large',
      'unsupported_media_type',
      'misdirected_request',
      'internal_error',
      'overloaded',
    ),
  },
})

/** Takes no connection of the request. Mounted under /api/v1. */
export const postViews = new OpenAPIHono<AppEnv>().openapi(viewPost, (c) => {
  c.get('services').countView(c, c.req.valid('param').id)
  return reply(c, null, 202, { 'Cache-Control': 'no-store' })
})
