import { databaseUnavailable, poolExhausted, timeout } from '../../errors/error.ts'
import type { DatabaseEvent, PoolStats } from '../database.ts'
import { type Durations, lastDurations, percentile } from '../durations.ts'
import { type Lease, watchLeaks } from './leaks.ts'
import { serviceRate } from './service-rate.ts'

export type WaitQueueOptions = {
  /** ms a caller waits for a connection at most. */
  readonly acquireTimeout: number
  /** Callers that may wait at once; the next is rejected. */
  readonly queueLimit: number
  /** ms after which a connection still held is reported. */
  readonly leakAfter: number
  readonly on: (event: DatabaseEvent) => void
}

export type WaitLimit = {
  /** ms the caller itself has. */
  readonly timeLeft: number
  readonly signal: (() => AbortSignal) | undefined
}

export type WaitQueue<Connection> = {
  /** At once when a connection is free. @throws AppError `pool_exhausted`, `timeout`, `database_unavailable` once closed */
  acquire(limit: WaitLimit): Lease<Connection> | Promise<Lease<Connection>>
  release(lease: Lease<Connection>): void
  /** How many more may come now without waiting longer than `shortWait`. */
  room(): number
  stats(): Omit<PoolStats, 'idle'>
  /** Rejects every caller from now on; resolves when every connection is released, or after `limit` ms. */
  close(limit: number): Promise<void>
}

/** ms; with so much work in hand the connections stay busy while more is let in. */
const shortWait = 100

/** Lends `connections`, each to one caller, first come first served. The one used last goes first: its statements are prepared. */
export function waitQueue<Connection>(
  connections: readonly Connection[],
  options: WaitQueueOptions,
): WaitQueue<Connection> {
  const { acquireTimeout, queueLimit, leakAfter, on } = options
  const idle = [...connections]
  const leases = new Set<Lease<Connection>>()
  const waiters = new Set<Waiter<Connection>>()
  const waits = lastDurations(1024)
  const service = serviceRate(2 * connections.length)
  const leaks = watchLeaks(leases, leakAfter, on)
  const counts = { acquired: 0, timeouts: 0, rejected: 0 }
  const emptied = Promise.withResolvers<void>()
  let isClosed = false

  function acquire(limit: WaitLimit): Lease<Connection> | Promise<Lease<Connection>> {
    if (isClosed) throw databaseUnavailable(new Error('The pool is closed'))
    const connection = idle.pop()
    if (connection !== undefined) return lend(connection, 0)
    if (waiters.size < Math.min(queueLimit, service.callersIn(acquireTimeout))) return wait(limit)
    counts.rejected += 1
    on({ type: 'rejected', wait: 0, waiting: waiters.size })
    throw poolExhausted()
  }

  function lend(connection: Connection, wait: number): Lease<Connection> {
    const lease = { connection, since: performance.now(), statement: undefined, isReported: false }
    leases.add(lease)
    counts.acquired += 1
    waits.add(wait)
    leaks.watch()
    on({ type: 'acquired', wait })
    return lease
  }

  function wait({ timeLeft, signal }: WaitLimit): Promise<Lease<Connection>> {
    if (waiters.size === 0) service.begin()
    return waitForTurn(waiters, {
      limit: Math.min(acquireTimeout, timeLeft),
      signal: signal?.(),
      onTurn: lend,
      onTimeout(wait) {
        counts.timeouts += 1
        waits.add(wait)
        on({ type: 'timed_out', wait, waiting: waiters.size })
        return timeLeft < acquireTimeout ? timeout() : poolExhausted()
      },
    })
  }

  function release(lease: Lease<Connection>): void {
    if (!leases.delete(lease)) return
    on({ type: 'released', held: performance.now() - lease.since })
    const [next] = waiters
    if (next) service.served()
    if (next) next.resolve(lease.connection)
    else idle.push(lease.connection)
    if (isClosed && leases.size === 0) emptied.resolve()
  }

  return {
    acquire,
    release,
    room: () => idle.length + service.callersIn(shortWait) - waiters.size,
    stats: () => ({
      size: connections.length,
      inUse: leases.size,
      waiting: waiters.size,
      ...counts,
      wait: waitsOf(waits),
    }),
    async close(limit) {
      isClosed = true
      for (const waiter of waiters) waiter.reject(databaseUnavailable())
      if (leases.size === 0) emptied.resolve()
      await settled(emptied, limit)
      leaks.stop()
    },
  }
}

/** Resolves with `promise`, or after `limit` ms. */
async function settled({ promise, resolve }: PromiseWithResolvers<void>, limit: number) {
  const timer = setTimeout(resolve, limit)
  await promise
  clearTimeout(timer)
}

type Waiter<Connection> = {
  readonly resolve: (connection: Connection) => void
  readonly reject: (error: Error) => void
}

type Turn<Connection> = {
  /** ms */
  readonly limit: number
  readonly signal: AbortSignal | undefined
  readonly onTurn: (connection: Connection, wait: number) => Lease<Connection>
  /** @returns what the caller is told */
  readonly onTimeout: (wait: number) => Error
}

/** Joins the queue, until a connection is handed over, the time is up or the client goes away. */
function waitForTurn<Connection>(
  waiters: Set<Waiter<Connection>>,
  { limit, signal, onTurn, onTimeout }: Turn<Connection>,
): Promise<Lease<Connection>> {
  return new Promise((resolve, reject) => {
    const start = performance.now()
    const leave = () => {
      waiters.delete(waiter)
      clearTimeout(timer)
      signal?.removeEventListener('abort', onClientAbort)
    }
    const waiter: Waiter<Connection> = {
      resolve(connection) {
        leave()
        resolve(onTurn(connection, performance.now() - start))
      },
      reject(error) {
        leave()
        reject(error)
      },
    }
    const onClientAbort = () => waiter.reject(timeout(signal?.reason))
    const timer = setTimeout(() => {
      leave()
      reject(onTimeout(performance.now() - start))
    }, limit)
    waiters.add(waiter)
    if (signal?.aborted) onClientAbort()
    else signal?.addEventListener('abort', onClientAbort)
  })
}

function waitsOf(durations: Durations): PoolStats['wait'] {
  const sorted = durations.sorted()
  return {
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    max: percentile(sorted, 1),
  }
}
