import { withTimeLimit } from '../time-limit.ts'
import type { Connection } from './connection.ts'
import type { InFlight } from './in-flight.ts'

export type Unfinished = {
  readonly connection: Connection
  readonly begun: PromiseLike<unknown> | undefined
  readonly inFlight: InFlight
  /** A commit in flight is waited for, never cancelled. */
  readonly isCommitting: boolean
}

/** ms a cancelled statement has to end; past it the connection is destroyed. */
const grace = 600
/** ms until a cancel that met no statement is repeated. */
const repeat = 100

/**
 * Rolls back, after cancelling on the server what still runs there. The connection is left with nothing of the
 * transaction on it, neither a statement nor a cancel.
 * @returns false when that took too long and the connection was destroyed
 */
export async function reset(unfinished: Unfinished): Promise<boolean> {
  const { connection } = unfinished
  const until = performance.now() + grace
  const isClean =
    connection.isConnected &&
    (await drain(unfinished, until)) &&
    (await succeeds(until, () => connection.command('rollback')))
  if (!isClean) connection.destroy()
  return isClean
}

/** Whether all that was sent is answered before `until`. */
async function drain({ connection, begun, inFlight, isCommitting }: Unfinished, until: number) {
  // a cancel that met `begin` would leave the statement behind it without a transaction
  if (!(await succeeds(until, async () => begun))) return false
  while (inFlight.size > 0) {
    if (performance.now() >= until) return false
    // delivered before anything else is sent: it must not meet the next transaction
    if (!isCommitting && !(await succeeds(until, connection.cancel))) return false
    const turn = isCommitting ? until : Math.min(until, performance.now() + repeat)
    await succeeds(turn, inFlight.drained)
  }
  return true
}

/** Whether it succeeds before `until` (`performance.now()`). */
const succeeds = (until: number, work: () => PromiseLike<unknown>): Promise<boolean> =>
  withTimeLimit(Math.max(0, until - performance.now()), work).then(
    () => true,
    () => false,
  )
