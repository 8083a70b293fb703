import type { Context, TypedResponse } from 'hono'
import type { Origin } from '../db/audit.ts'
import type { TransactionDatabase } from '../db/database.ts'
import type { TableName } from '../db/rollup/kinds.ts'
import type { JsonText } from './answer.ts'
import type { AppEnv } from './context.ts'
import { reply } from './reply.ts'

export type WrittenStatus = 200 | 201 | 202 | 204

/** What a write answers once it is committed; nothing in it may depend on the transaction after that. */
export type Written<T, Status extends WrittenStatus> = {
  readonly status: Status
  readonly body?: T | JsonText<T>
  /** Of its own: `ETag`, `Location`. */
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * The one way a write answers: `work` runs in the request's transaction, again after a collision, and what it gives is sent
 * once that is committed. `work` must do nothing but run statements and compute. `tables` are those it writes to.
 */
export async function respondWrite<T, Status extends WrittenStatus>(
  c: Context<AppEnv>,
  tables: readonly TableName[],
  work: (db: TransactionDatabase, origin: Origin) => Promise<Written<T, Status>>,
): Promise<Response & TypedResponse<T, Status, 'json'>> {
  const origin = originOf(c)
  const written = await c.get('db').transaction((db) => {
    db.afterCommit(() => c.get('services').cache.invalidate(tables))
    return work(db, origin)
  })
  return send(c, written) as Response & TypedResponse<T, Status, 'json'>
}

/** What the audit log says of the changes of a request. */
export const originOf = (c: Context<AppEnv>): Origin => ({
  actor: c.get('caller').actor,
  requestId: c.get('requestId'),
  address: c.get('address') ?? null,
})

function send(c: Context<AppEnv>, { status, body, headers }: Written<unknown, WrittenStatus>) {
  if (body === undefined) return reply(c, null, status, { 'Cache-Control': 'no-store', ...headers })
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const typed = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }
  return reply(c, text, status, { ...typed, ...headers })
}
