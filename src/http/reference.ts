import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Entry } from '../cache/cache.ts'
import { entryOf, send } from './answer.ts'
import type { AppEnv } from './context.ts'
import { contract, registerComponents } from './contract.ts'

/** Mounts the contract at /openapi.json; it is built at the first request. */
export function mountOpenApi(app: OpenAPIHono<AppEnv>): void {
  registerComponents(app)
  let document: Entry | undefined
  app.get('/openapi.json', (c) => {
    document ??= entryOf(JSON.stringify(app.getOpenAPI31Document(contract)))
    return send(c, document)
  })
}
