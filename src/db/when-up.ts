import { addressOf } from '../database-url.ts'
import { fromPostgres, sqlStateOf } from '../errors/postgres.ts'

/** ms between two tries. */
const pause = 500

/**
 * Does `work` with the database at `url`, and again for `timeout` ms while that cannot be reached; `onWaiting` is
 * called once.
 * @throws a plain sentence with the database's address and the reason
 */
export async function whenUp<T>(
  url: string,
  timeout: number,
  onWaiting: (reason: string) => void,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + timeout
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (error) {
      const reason = `${addressOf(url)}: ${reasonOf(error)}`
      const isDown = fromPostgres(error)?.code === 'database_unavailable' && !isRefusal(error)
      if (!isDown || Date.now() > deadline)
        throw new Error(`Cannot use the database ${reason}`, { cause: error })
      if (tries === 1) onWaiting(reason)
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
  }
}

/** Whether the server answers, and would answer the same again: no such user, password, database or parameter. */
const isRefusal = (error: unknown) =>
  /^(28|3D)/.test(sqlStateOf(error) ?? '') ||
  isPoolerRefusal(error) ||
  poolerKnowsNone.test(messageOf(error))

/** PgBouncer's words: it has one code for whatever it refuses. */
const poolerKnowsNone =
  /^(password authentication failed|SASL authentication failed|bouncer config error|no such (database|user))/

/** Whether a connection pooler takes no session as we set it up. */
export const isPoolerRefusal = (error: unknown): boolean => refusedParameter.test(messageOf(error))

/** For people: what was said, and what to do where that is known. */
export function reasonOf(error: unknown): string {
  const message = messageOf(error)
  const refused = refusedParameter.exec(message)?.[1]
  if (refused === 'options')
    return `${message}, says the connection pooler before it: remove options from its URL`
  if (refused) return `${message}, says the connection pooler before it: set POOLER=transaction`
  if (/no encryption|SSL off/.test(message)) return `${message}: add ?sslmode=require to its URL`
  // the driver begins TLS whatever the server answers
  if (/before secure TLS connection|wrong version number/.test(message))
    return `${message}: the server may have no TLS, which sslmode asks for`
  return message
}

/** PgBouncer's words. */
const refusedParameter = /unsupported startup parameter: (\w+)/

/** postgres.js and the system wrap it, or say it by a code alone. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && !error.message) return messageOf(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (error.name === 'AppError' && cause instanceof Error) return messageOf(cause)
  return error.message || ('code' in error ? String(error.code) : error.name)
}
