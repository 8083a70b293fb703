import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Entry } from '../cache/cache.ts'
import { entryOf, send } from './answer.ts'
import type { AppEnv } from './context.ts'
import { version } from './version.ts'

/** Mounts the contract at /openapi.json; it is built at the first request. */
export function mountOpenApi(app: OpenAPIHono<AppEnv>): void {
  let contract: Entry | undefined
  app.get('/openapi.json', (c) => {
    contract ??= entryOf(JSON.stringify(app.getOpenAPI31Document(info)))
    return send(c, contract)
  })
}

const info = {
  openapi: '3.1.0',
  info: {
    title: 'Shopboard',
    version,
    license: { name: 'MIT', identifier: 'MIT' },
    description:
      'Exact dashboard statistics and an endless activity feed in constant time. Times are RFC 3339 UTC with microseconds; unknown query parameters are refused.',
  },
}
