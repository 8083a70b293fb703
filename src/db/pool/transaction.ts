import { databaseUnavailable } from '../../errors/error.ts'
import type { Access, DatabaseEvent, Timing } from '../database.ts'
import type { Connection, QueryResult } from './connection.ts'
import type { Limits } from './deadline.ts'
import type { Failure, InFlight } from './in-flight.ts'
import type { Lease } from './leaks.ts'
import type { WaitQueue } from './queue.ts'
import { reset } from './reset.ts'

export type TransactionSettings = Limits & {
  readonly access: Access
  /** The command that opens it. */
  readonly begin: string
  /** Where the time spent is written down; ms. */
  readonly timing: Timing
}

/**
 * state       what happens                                                          next state
 * idle        a connection is free | is not                                         open | acquiring
 * acquiring   a connection comes | none comes in time                               open | released
 * open        a read's commit is sent, all before it answered                       released
 *             its only statement succeeds, the commit is already sent               released
 *             any other commit is sent | the only statement fails                   committing
 *             rollback, deadline, client gone                                       ending
 * committing  PostgreSQL answers COMMIT | anything else, deadline, client gone      released | ending
 * ending      the connection is clean, or destroyed                                 released
 *
 * Commit and rollback lead from idle and acquiring to released: there is nothing to end.
 */
type State = 'idle' | 'acquiring' | 'open' | 'committing' | 'ending' | 'released'

/** Where a transaction stands; the functions below move it on. */
export type Transaction = TransactionSettings & {
  readonly queue: WaitQueue<Connection>
  readonly on: (event: DatabaseEvent) => void
  readonly inFlight: InFlight
  state: State
  /** Why nothing can run any more. */
  failure: Failure | undefined
  /** Every statement that comes while a connection is waited for waits for the same one. */
  acquired: Promise<void> | undefined
  lease: Lease<Connection> | undefined
  begun: PromiseLike<unknown> | undefined
  /** The name of the statement that says it is the only one. */
  only: string | undefined
  /** The connection was lost while it was ours. */
  isLost: boolean
  /** `begin` met the transaction before, aborted because its commit was cancelled (25P02). */
  isStale: boolean
  committed: Promise<QueryResult> | undefined
  ended: Promise<void> | undefined
  stopWatching: (() => void) | undefined
}

export const isOver = ({ state }: Transaction): boolean =>
  state === 'committing' || state === 'ending' || state === 'released'

/** What follows a failed statement fails too (25P02): the first failure is the one to tell. */
export function fail(tx: Transaction, error: unknown): unknown {
  tx.failure ??= { error }
  return tx.failure.error
}

/** @returns what the caller of the query that was answered has to be told instead */
export function onAnswered(tx: Transaction, failed: Failure | undefined): Failure | undefined {
  if (failed) fail(tx, tx.isLost ? databaseUnavailable(failed.error) : failed.error)
  // the only statement: its commit is behind it
  if (tx.only && tx.lease && tx.state === 'open') {
    if (tx.failure) tx.state = 'committing'
    else release(tx, tx.lease)
  }
  return tx.failure
}

/** Once; behind what is in flight, without waiting for it. */
export function sendCommit(tx: Transaction, { connection }: Lease<Connection>) {
  tx.committed ??= tx.inFlight.track(connection.command('commit'))
  return tx.committed
}

/** A read that has its answers leaves nothing behind: it does not matter how it ends. */
const isHarmless = ({ access, failure, state, inFlight }: Transaction) =>
  access === 'read only' && state === 'open' && !failure && inFlight.size === 0

/**
 * The connection of a harmless read is released before its commit is answered: whoever has it next sends behind this
 * commit, in the same packet when it is waiting. Over a network that is twice the reads per connection.
 */
export async function commit(tx: Transaction): Promise<void> {
  const { lease } = tx
  if (!lease) {
    tx.state = 'released'
    return
  }
  try {
    if (tx.failure) throw tx.failure.error
    if (tx.ended) throw new Error('The transaction was rolled back')
    const isEarly = isHarmless(tx)
    const committed = sendCommit(tx, lease)
    if (isEarly) release(tx, lease)
    else if (tx.state === 'open') tx.state = 'committing'
    const { command } = await committed
    if (command !== 'COMMIT') throw new Error(`PostgreSQL answered the commit with ${command}`)
    release(tx, lease)
  } catch (error) {
    const first = fail(tx, error)
    void rollback(tx)
    throw first
  }
}

/** Resolves once the connection is released. */
export async function rollback(tx: Transaction): Promise<void> {
  if (!tx.lease) tx.state = 'released'
  else if (isHarmless(tx)) await commit(tx).catch(() => {})
  else if (tx.state !== 'released') await end(tx, tx.lease)
}

/** Every caller that waits for an answer is told at once. */
export function abort(tx: Transaction, lease: Lease<Connection>, error: Error): void {
  tx.inFlight.rejectAll(fail(tx, error))
  void end(tx, lease)
}

function end(tx: Transaction, lease: Lease<Connection>): Promise<void> {
  tx.ended ??= cancelAndRollback(tx, lease)
  return tx.ended
}

async function cancelAndRollback(tx: Transaction, lease: Lease<Connection>): Promise<void> {
  const { connection, statement } = lease
  const { begun, inFlight } = tx
  const isCommitting = tx.state === 'committing'
  tx.state = 'ending'
  tx.stopWatching?.()
  const isCancel = inFlight.size > 0 && !isCommitting
  const isClean = await reset({ connection, begun, inFlight, isCommitting })
  if (isCancel) tx.on({ type: 'cancelled', statement, destroyed: !isClean })
  release(tx, lease)
}

export function release(tx: Transaction, lease: Lease<Connection>) {
  if (tx.state === 'released') return
  tx.state = 'released'
  tx.stopWatching?.()
  lease.connection.onLost = undefined
  lease.connection.closeIfExpired()
  tx.queue.release(lease)
}
