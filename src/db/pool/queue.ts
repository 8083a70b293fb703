import { databaseUnavailable, poolExhausted, timeout } from '../../errors/error.ts'
import type { DatabaseEvent, PoolStats } from '../database.ts'

export type WaitQueueOptions = {
  /** ms a caller waits for a slot at most. */
  readonly acquireTimeout: number
  /** Callers that may wait at once; the next is turned away. */
  readonly queueLimit: number
  /** ms after which a slot still held is reported. */
  readonly leakAfter: number
  readonly on: (event: DatabaseEvent) => void
}

/** A slot in somebody's hands. */
export type Lease<Connection> = {
  readonly connection: Connection
  /** `performance.now()` */
  readonly since: number
  /** The last statement run: what the leak watch names. */
  statement: string | undefined
  isReported: boolean
}

export type WaitLimit = {
  /** ms the caller itself has. */
  readonly timeLeft: number
  readonly signal: (() => AbortSignal) | undefined
}

export type WaitQueue<Connection> = {
  /** At once when a slot is free. @throws AppError `pool_exhausted`, `timeout`, `database_unavailable` once closed */
  acquire(limit: WaitLimit): Lease<Connection> | Promise<Lease<Connection>>
  release(lease: Lease<Connection>): void
  stats(): Omit<PoolStats, 'idle'>
  /** Turns everybody away from now on; resolves when every slot is back, or after `limit` ms. */
  close(limit: number): Promise<void>
}

type Waiter<Connection> = {
  readonly resolve: (connection: Connection) => void
  readonly reject: (error: Error) => void
}

/** Hands out `slots`, one caller each, first come first served. The slot used last goes first: its statements are prepared. */
export function waitQueue<Connection>(
  connections: readonly Connection[],
  options: WaitQueueOptions,
): WaitQueue<Connection> {
  const { acquireTimeout, queueLimit, leakAfter, on } = options
  const idle = [...connections]
  const leases = new Set<Lease<Connection>>()
  const waiters = new Set<Waiter<Connection>>()
  const waits = recent()
  let acquired = 0
  let timeouts = 0
  let rejected = 0
  let isClosed = false
  let emptied: (() => void) | undefined
  let watch: ReturnType<typeof setTimeout> | undefined

  function acquire(limit: WaitLimit): Lease<Connection> | Promise<Lease<Connection>> {
    if (isClosed) throw databaseUnavailable(new Error('The pool is closed'))
    const connection = idle.pop()
    if (connection !== undefined) return lend(connection, 0)
    if (waiters.size < queueLimit) return wait(limit)
    rejected += 1
    on({ type: 'rejected', wait: 0, waiting: waiters.size })
    throw poolExhausted(new Error(`${waiters.size} callers are waiting already`))
  }

  function lend(connection: Connection, wait: number): Lease<Connection> {
    const lease = { connection, since: performance.now(), statement: undefined, isReported: false }
    leases.add(lease)
    acquired += 1
    waits.note(wait)
    watch ??= setTimeout(reportLeaks, leakAfter)
    on({ type: 'acquired', wait })
    return lease
  }

  function wait({ timeLeft, signal }: WaitLimit): Promise<Lease<Connection>> {
    return new Promise((resolve, reject) => {
      const start = performance.now()
      const client = signal?.()
      const leave = () => {
        waiters.delete(waiter)
        clearTimeout(timer)
        client?.removeEventListener('abort', onClientAbort)
      }
      const waiter: Waiter<Connection> = {
        resolve: (connection) => {
          leave()
          resolve(lend(connection, performance.now() - start))
        },
        reject: (error) => {
          leave()
          reject(error)
        },
      }
      const onTimeout = () => {
        const wait = performance.now() - start
        timeouts += 1
        waits.note(wait)
        waiter.reject(timeLeft < acquireTimeout ? timeout() : poolExhausted())
        on({ type: 'timed_out', wait, waiting: waiters.size })
      }
      const onClientAbort = () => waiter.reject(timeout(client?.reason))
      const timer = setTimeout(onTimeout, Math.min(acquireTimeout, timeLeft))
      waiters.add(waiter)
      if (client?.aborted) onClientAbort()
      else client?.addEventListener('abort', onClientAbort)
    })
  }

  function release(lease: Lease<Connection>): void {
    if (!leases.delete(lease)) return
    on({ type: 'released', held: performance.now() - lease.since })
    const [next] = waiters
    if (next) next.resolve(lease.connection)
    else idle.push(lease.connection)
    if (isClosed && leases.size === 0) settle()
  }

  function settle() {
    clearTimeout(watch)
    emptied?.()
  }

  /** One timer for all slots, alive only while some are held. */
  function reportLeaks() {
    const now = performance.now()
    for (const lease of leases) {
      const held = now - lease.since
      if (lease.isReported || held < leakAfter) continue
      lease.isReported = true
      on({ type: 'leaked', held, statement: lease.statement })
    }
    watch = leases.size > 0 ? setTimeout(reportLeaks, leakAfter / 2) : undefined
  }

  return {
    acquire,
    release,
    stats: () => ({
      size: connections.length,
      inUse: leases.size,
      waiting: waiters.size,
      acquired,
      timeouts,
      rejected,
      wait: waits.summary(),
    }),
    close: (limit) =>
      new Promise((resolve) => {
        isClosed = true
        const timer = setTimeout(settle, limit)
        emptied = () => {
          clearTimeout(timer)
          resolve()
        }
        for (const waiter of waiters) waiter.reject(databaseUnavailable())
        if (leases.size === 0) settle()
      }),
  }
}

/** The last 1,024 durations, in ms. */
function recent() {
  const ring = new Float64Array(1024)
  let count = 0
  return {
    note(duration: number) {
      ring[count++ % ring.length] = duration
    },
    summary() {
      const sorted = ring.slice(0, Math.min(count, ring.length)).sort()
      const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
      return { p50: at(0.5), p95: at(0.95), max: at(1) }
    },
  }
}
