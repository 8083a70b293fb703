import type { Context, TypedResponse } from 'hono'
import type { Origin } from '../db/audit.ts'
import type { TransactionDatabase } from '../db/database.ts'
import type { Answer } from '../db/idempotency.ts'
import type { TableName } from '../db/rollup/kinds.ts'
import type { JsonText } from './answer.ts'
import type { AppEnv } from './context.ts'
import { answerOnce, idempotencyKeyOf } from './idempotency.ts'
import { reply } from './reply.ts'

export type WrittenStatus = 200 | 201 | 202 | 204

/** What a write answers once it is committed; nothing in it may depend on the transaction after that. */
export type Written<T, Status extends WrittenStatus> = {
  readonly status: Status
  readonly body?: T | JsonText<T>
  /** Of its own: `ETag`, `Location`. */
  readonly headers?: Readonly<Record<string, string>>
}

type Headers = Readonly<Record<string, string>>
type Work = (db: TransactionDatabase) => Promise<Answer>

/**
 * The one way a write answers: `work` runs in the request's transaction, again after a collision, and what it gives is sent
 * once that is committed. `work` must do nothing but run statements and compute. `tables` are those it writes to. A POST with an
 * `Idempotency-Key` that was answered before is answered so again, and what `work` did is rolled back, if it was asked at all.
 */
export async function respondWrite<T, Status extends WrittenStatus>(
  c: Context<AppEnv>,
  tables: readonly TableName[],
  work: (db: TransactionDatabase, origin: Origin) => Promise<Written<T, Status>>,
): Promise<Response & TypedResponse<T, Status, 'json'>> {
  const key = idempotencyKeyOf(c)
  const origin = originOf(c)
  const answer = async (db: TransactionDatabase) => {
    db.afterCommit(() => c.get('services').cache.invalidate(tables))
    return answerOf(await work(db, origin))
  }
  const response =
    key === undefined
      ? send(c, await c.get('db').transaction(answer))
      : await sendOnce(c, key, answer)
  return response as Response & TypedResponse<T, Status, 'json'>
}

async function sendOnce(c: Context<AppEnv>, key: string, work: Work): Promise<Response> {
  const { answer, isReplayed } = await answerOnce(c, key, work)
  return send(c, answer, isReplayed ? { 'Idempotency-Replayed': 'true' } : {})
}

/** What the audit log says of the changes of a request. */
export const originOf = (c: Context<AppEnv>): Origin => ({
  actor: c.get('caller').actor,
  requestId: c.get('requestId'),
  address: c.get('address') ?? null,
})

/** As it is sent and stored. */
const answerOf = ({ status, body, headers = {} }: Written<unknown, WrittenStatus>): Answer => ({
  status,
  headers,
  body: body === undefined || typeof body === 'string' ? (body ?? null) : JSON.stringify(body),
})

function send(c: Context<AppEnv>, { status, headers, body }: Answer, more: Headers = {}) {
  const typed: Headers = body === null ? {} : { 'Content-Type': 'application/json' }
  return reply(c, body, status, { ...typed, 'Cache-Control': 'no-store', ...headers, ...more })
}
