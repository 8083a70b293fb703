import type { OpenAPIHono } from '@hono/zod-openapi'
import { Scalar } from '@scalar/hono-api-reference'
import type { Entry } from '../cache/cache.ts'
import { entryOf, send } from './answer.ts'
import type { AppEnv } from './context.ts'

/** Mounts the contract for machines at /openapi.json and for people at /docs; it is built at the first request. */
export function mountOpenApi(app: OpenAPIHono<AppEnv>): void {
  let contract: Entry | undefined
  app.get('/openapi.json', (c) => {
    contract ??= entryOf(JSON.stringify(app.getOpenAPI31Document(info)))
    return send(c, contract)
  })
  app.get('/docs', Scalar<AppEnv>({ url: '/openapi.json', pageTitle: 'Shopboard API' }))
}

const info = {
  openapi: '3.1.0',
  info: {
    title: 'Shopboard',
    version: '0.1.0',
    license: { name: 'MIT', identifier: 'MIT' },
    description:
      'Exact dashboard statistics and an endless activity feed in constant time. Times are RFC 3339 UTC with microseconds; unknown query parameters are refused.',
  },
}
