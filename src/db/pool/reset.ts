import type { Connection } from './connection.ts'
import type { InFlight } from './in-flight.ts'

export type Unfinished = {
  readonly connection: Connection
  readonly beginning: PromiseLike<unknown>
  readonly inFlight: InFlight
  /** A commit under way is waited for, never cancelled. */
  readonly isCommitting: boolean
}

/** ms a cancelled statement has to come to its end; past it the connection is given up. */
const grace = 600
/** ms until a cancel that met no statement is repeated. */
const repeat = 100

/**
 * Rolls back, after cancelling on the server what still runs there. The connection is left with nothing of the
 * transaction on it, no statement and no cancel on its way; where that cannot be had in time it is cut, and false the answer.
 */
export async function reset(unfinished: Unfinished): Promise<boolean> {
  const { connection } = unfinished
  const until = performance.now() + grace
  const isClean =
    connection.isConnected &&
    (await drain(unfinished, until)) &&
    (await within(until, () => connection.command('rollback')))
  if (!isClean) connection.destroy()
  return isClean
}

/** Whether all that was sent is answered before `until`. */
async function drain({ connection, beginning, inFlight, isCommitting }: Unfinished, until: number) {
  // a cancel that met `begin` would leave the statement behind it without a transaction
  if (!(await within(until, () => beginning))) return false
  while (inFlight.size > 0) {
    if (performance.now() >= until) return false
    // delivered before anything else is sent: it must not meet the next transaction
    if (!isCommitting && !(await within(until, connection.cancel))) return false
    const turn = isCommitting ? until : Math.min(until, performance.now() + repeat)
    await within(turn, inFlight.drained)
  }
  return true
}

/** Whether it succeeds before `until` (`performance.now()`). */
async function within(until: number, work: () => PromiseLike<unknown>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const limit = setTimeout(resolve, Math.max(0, until - performance.now()), false)
  const attempt = async () => {
    await work()
  }
  attempt().then(
    () => resolve(true),
    () => resolve(false),
  )
  const isDone = await promise
  clearTimeout(limit)
  return isDone
}
