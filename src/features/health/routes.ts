import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { databaseUnavailable } from '../../errors/error.ts'
import type { AppEnv } from '../../http/context.ts'
import { headersOf, requestHeaders } from '../../http/contract.ts'
import { failures, malformedUrl } from '../../http/responses.ts'

const Live = z
  .object({ status: z.literal('ok'), runtime: z.enum(['node', 'workerd']) })
  .openapi('Live')
const Ready = z.object({ status: z.literal('ready') }).openapi('Ready')

const livez = createRoute({
  method: 'get',
  path: '/livez',
  tags: ['Health'],
  operationId: 'getLiveness',
  summary: 'Whether the process answers',
  description:
    'Asks nothing of the database. A process that does not answer this is to be restarted.',
  parameters: requestHeaders('X-Request-Id'),
  responses: {
    200: {
      description: 'It does',
      headers: headersOf('Cache-Control'),
      content: {
        'application/json': {
          schema: Live,
          examples: { node: { summary: 'GET /livez', value: { status: 'ok', runtime: 'node' } } },
        },
      },
    },
    400: malformedUrl(),
  },
})

const readyz = createRoute({
  method: 'get',
  path: '/readyz',
  tags: ['Health'],
  operationId: 'getReadiness',
  summary: 'Whether the database answered when last asked',
  description:
    'Sends the database no query on Node, and on Workers at most one in ten seconds. A database that is not migrated is not ready. A process that is not ready is to be spared requests.',
  parameters: requestHeaders('X-Request-Id'),
  responses: {
    200: {
      description: 'It did',
      headers: headersOf('Cache-Control'),
      content: {
        'application/json': {
          schema: Ready,
          examples: { ready: { summary: 'GET /readyz', value: { status: 'ready' } } },
        },
      },
    },
    400: malformedUrl(),
    ...failures('database_unavailable'),
  },
})

/** Open to anyone: no request can cause more than a Worker's query in ten seconds. */
export const health = new OpenAPIHono<AppEnv>()
  .openapi(livez, (c) =>
    c.json({ status: 'ok' as const, runtime: c.get('services').runtime }, 200, noStore),
  )
  .openapi(readyz, async (c) => {
    if (!(await c.get('services').isReady(c))) throw databaseUnavailable()
    return c.json({ status: 'ready' as const }, 200, noStore)
  })

const noStore = { 'Cache-Control': 'no-store' }
