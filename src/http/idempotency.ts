import type { Context } from 'hono'
import type { TransactionDatabase } from '../db/database.ts'
import { type Answer, type Answered, once } from '../db/idempotency.ts'
import { validationFailed } from '../errors/error.ts'
import type { AppEnv } from './context.ts'
import { together } from './twins.ts'

type Work = (db: TransactionDatabase) => Promise<Answer>

/** ms to wait for the same call, as for any lock. */
const patience = 5_000
/** Characters of a body; a longer one is not begun with before it is known whether it is answered already. */
const largeBody = 16_384

/** The `Idempotency-Key` of a POST; undefined where it has none. @throws AppError validation_failed */
export function idempotencyKeyOf(c: Context<AppEnv>): string | undefined {
  const key = c.req.method === 'POST' ? c.req.header('idempotency-key') : undefined
  if (key === undefined || /^[ -~]{1,255}$/.test(key)) return key
  const message = 'must be 1 to 255 printable ASCII characters'
  throw validationFailed([{ path: 'idempotency-key', message }])
}

/**
 * Answers by `work`, or as an earlier call of the same caller with the same key was answered, for 24 hours. Equal calls
 * that come together wait for one of them: those of one process without a connection.
 * @throws AppError idempotency_conflict for another path or body with that key, or while the call still runs elsewhere
 */
export async function answerOnce(c: Context<AppEnv>, key: string, work: Work): Promise<Answered> {
  const body = await c.req.text()
  const call = {
    call: `${c.get('caller').actor}\n${key}`,
    fingerprint: await fingerprintOf(c, body),
  }
  const run = () => once(c.get('db'), call, work, body.length > largeBody)
  const services = c.get('services')
  // what one request of a Worker waits for, another cannot resolve
  if (services.runtime === 'workerd') return run()
  const left = services.requestTimeout - (performance.now() - c.get('timing').start)
  return together(services, call, Math.min(patience, left / 2), run)
}

async function fingerprintOf({ req }: Context<AppEnv>, body: string): Promise<string> {
  const target = req.url.slice(req.url.indexOf('/', 'https://'.length))
  const text = `${req.method} ${target}\n${body}`
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
