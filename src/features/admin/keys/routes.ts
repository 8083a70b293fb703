import { createRoute, OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { newKey } from '../../../auth/key.ts'
import { addKey, type KeyRow, keysBefore, revokeKey } from '../../../db/keys.ts'
import { invalidCursor, noSuchRow, validationFailed } from '../../../errors/error.ts'
import type { AppEnv } from '../../../http/context.ts'
import { headersOf, requestHeaders } from '../../../http/contract.ts'
import { pathId } from '../../../http/parameters.ts'
import { post, read, remove } from '../../../http/responses.ts'
import { requires } from '../../../http/security.ts'
import { takesNoQuery } from '../../../http/validation.ts'
import { respondWrite } from '../../../http/write.ts'
import { keyPageExamples, newKeyExample } from './examples.ts'
import { keyBody, keyPageSchema, keyQuery, newKeySchema } from './schemas.ts'

const { 304: _, ...failures } = read(
  { description: 'A page of keys', schema: keyPageSchema, examples: keyPageExamples },
  'invalid_cursor',
)

const listKeys = createRoute({
  method: 'get',
  path: '/admin/keys',
  operationId: 'listKeys',
  security: requires('admin'),
  tags: ['Keys'],
  summary: 'Keys, the newest first',
  description: 'Revoked and expired ones too. The keys themselves are kept nowhere.',
  parameters: requestHeaders('X-Request-Id'),
  request: { query: keyQuery },
  responses: { ...failures, 200: { ...failures[200], headers: headersOf('Cache-Control') } },
})

const makeKey = createRoute({
  method: 'post',
  path: '/admin/keys',
  operationId: 'makeKey',
  security: requires('admin'),
  tags: ['Keys'],
  summary: 'Make a key',
  description: 'The answer has the key itself, this once.',
  parameters: requestHeaders('Idempotency-Key', 'X-Request-Id'),
  middleware: takesNoQuery,
  request: { body: { required: true, content: { 'application/json': { schema: keyBody } } } },
  responses: post(201, {
    description: 'The key',
    schema: newKeySchema,
    examples: newKeyExample,
  }),
})

const removeKey = createRoute({
  method: 'delete',
  path: '/admin/keys/{id}',
  operationId: 'revokeKey',
  security: requires('admin'),
  tags: ['Keys'],
  summary: 'Revoke a key',
  description: 'For ever: within two seconds no server takes it any more.',
  parameters: requestHeaders('X-Request-Id'),
  middleware: takesNoQuery,
  request: { params: pathId },
  responses: remove('It is revoked.', 'not_found'),
})

/** What cursors of this list are signed for. */
const list = 'keys'

/** Mounted under /api/v1. */
export const keys = new OpenAPIHono<AppEnv>()
  .openapi(listKeys, async (c) => {
    const { cursor, pageSize } = c.req.valid('query')
    const beforeId = cursor === undefined ? Number.MAX_SAFE_INTEGER : idIn(c, cursor)
    const found = await c.get('db').run(keysBefore, { beforeId, limit: pageSize + 1 })
    const items = found.slice(0, pageSize)
    const hasNext = found.length > pageSize
    const nextCursor = hasNext ? cursorAfter(c, items.at(-1)) : null
    return c.json({ items, metadata: { pageSize, hasNext, nextCursor } }, 200, noStore)
  })
  .openapi(makeKey, async (c) => {
    const { name, scopes, expiresAt = null } = c.req.valid('json')
    const { key, ...stored } = newKey()
    let made: KeyRow | undefined
    const response = await respondWrite(c, [], async (db, origin) => {
      made = (await db.run(addKey, { ...stored, ...origin, name, scopes, expiresAt }))[0]
      if (!made) throw validationFailed([{ path: 'expiresAt', message: 'must lie ahead' }])
      return { status: 201, body: { ...made, key: null } }
    })
    // an answer that is kept for replays has not the key
    if (response.headers.has('Idempotency-Replayed') || !made) return response
    return c.json({ ...made, key }, 201, noStore)
  })
  .openapi(removeKey, (c) =>
    respondWrite(c, [], async (db, origin) => {
      const { id } = c.req.valid('param')
      const [revoked] = await db.run(revokeKey, { id, ...origin })
      if (!revoked) throw noSuchRow()
      db.afterCommit(() => c.get('services').forgetCallers?.())
      return { status: 204 }
    }),
  )

const noStore = { 'Cache-Control': 'no-store' }

const cursorAfter = (c: Context<AppEnv>, last: KeyRow | undefined) =>
  c.get('services').cursors.write({ direction: 'next', position: [String(last?.id)] }, list)

function idIn(c: Context<AppEnv>, cursor: string): number {
  const { position, direction } = c.get('services').cursors.read(cursor, list)
  const id = Number(position[0])
  if (direction !== 'next' || !Number.isSafeInteger(id)) throw invalidCursor()
  return id
}
