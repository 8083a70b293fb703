import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi'
import { databaseUnavailable } from '../../errors/error.ts'
import type { AppEnv } from '../../http/context.ts'
import { failures } from '../../http/responses.ts'

const Live = z
  .object({ status: z.literal('ok'), runtime: z.enum(['node', 'workerd']) })
  .openapi('Live')
const Ready = z.object({ status: z.literal('ready') }).openapi('Ready')

const livez = createRoute({
  method: 'get',
  path: '/livez',
  tags: ['Health'],
  summary: 'Whether the process answers',
  responses: {
    200: {
      description: 'It does',
      content: { 'application/json': { schema: Live } },
    },
  },
})

const readyz = createRoute({
  method: 'get',
  path: '/readyz',
  tags: ['Health'],
  summary: 'Whether the database answered when last asked; causes no query',
  responses: {
    200: {
      description: 'It did',
      content: { 'application/json': { schema: Ready } },
    },
    ...failures('database_unavailable'),
  },
})

/** Open to anyone: neither causes a query. */
export const health = new OpenAPIHono<AppEnv>()
  .openapi(livez, (c) =>
    c.json({ status: 'ok' as const, runtime: c.get('services').runtime }, 200, noStore),
  )
  .openapi(readyz, async (c) => {
    if (!(await c.get('services').isReady(c))) throw databaseUnavailable()
    return c.json({ status: 'ready' as const }, 200, noStore)
  })

const noStore = { 'Cache-Control': 'no-store' }
