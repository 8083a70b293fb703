import type { Link } from './connection.ts'
import type { InFlight } from './in-flight.ts'

export type Unfinished = {
  readonly link: Link
  readonly begun: PromiseLike<unknown>
  readonly flight: InFlight
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
export async function clear(unfinished: Unfinished): Promise<boolean> {
  const { link } = unfinished
  const until = performance.now() + grace
  const isClean =
    link.isConnected &&
    (await silence(unfinished, until)) &&
    (await within(until, () => link.command('rollback')))
  if (!isClean) link.discard()
  return isClean
}

/** Whether all that was sent is answered before `until`. */
async function silence({ link, begun, flight, isCommitting }: Unfinished, until: number) {
  // a cancel that met `begin` would leave the statement behind it without a transaction
  if (!(await within(until, () => begun))) return false
  while (flight.size > 0) {
    if (performance.now() >= until) return false
    // delivered before anything else is sent: it must not meet the next transaction
    if (!isCommitting && !(await within(until, link.cancel))) return false
    const turn = isCommitting ? until : Math.min(until, performance.now() + repeat)
    await within(turn, flight.landed)
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
