import { databaseUnavailable, timeout } from '../../errors/error.ts'
import { sqlStateOf } from '../../errors/postgres.ts'
import type { Connection } from './connection.ts'
import { watchDeadline } from './deadline.ts'
import type { Lease } from './leaks.ts'
import { abort, fail, release, type Transaction } from './transaction.ts'

/** idle → acquiring → open; at once when a connection is free: `begin` and the first statement leave in one packet. */
export function acquire(tx: Transaction): Promise<void> | undefined {
  if (tx.acquired) return tx.acquired
  const asked = performance.now()
  if (asked >= tx.deadline) throw timeout()
  const onAcquired = (lease: Lease<Connection>) => {
    tx.timing.pool = performance.now() - asked
    if (tx.state === 'idle' || tx.state === 'acquiring') return open(tx, lease)
    tx.queue.release(lease)
    throw new Error('The transaction ended while it waited for a connection')
  }
  const lease = tx.queue.acquire({ timeLeft: tx.deadline - asked, signal: tx.signal })
  if (!(lease instanceof Promise)) return onAcquired(lease)
  tx.state = 'acquiring'
  tx.acquired = lease.then(onAcquired)
  tx.acquired.catch((error) => {
    fail(tx, error)
    tx.state = 'released'
  })
  return tx.acquired
}

function open(tx: Transaction, lease: Lease<Connection>): undefined {
  const { connection } = lease
  tx.lease = lease
  tx.state = 'open'
  try {
    tx.begun = connection.begin(tx.begin)
  } catch (error) {
    fail(tx, error)
    release(tx, lease)
    throw error
  }
  tx.begun.then(undefined, (error) => {
    tx.isStale = sqlStateOf(error) === '25P02'
    tx.inFlight.rejectAll(fail(tx, error))
    // what follows waits in the driver for a connection that will never stand
    if (!connection.isConnected) tx.inFlight.cancelUnsent()
  })
  connection.onLost = () => onConnectionLost(tx)
  tx.stopWatching = watchDeadline(tx, (error) => abort(tx, lease, error))
}

/** What the driver has not sent must not follow on another connection. */
function onConnectionLost(tx: Transaction) {
  tx.isLost = true
  if (tx.inFlight.size === 0) fail(tx, databaseUnavailable(new Error('The connection was lost')))
  tx.inFlight.cancelUnsent()
}
