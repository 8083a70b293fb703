import { databaseUnavailable, poolExhausted, timeout } from '../../errors/error.ts'
import type { DatabaseEvent, PoolStats } from '../database.ts'

export type GateOptions = {
  /** ms a caller waits for a slot at most. */
  readonly acquireTimeout: number
  /** Callers that may wait at once; the next is turned away. */
  readonly queueLimit: number
  /** ms after which a slot still held is reported. */
  readonly leakAfter: number
  readonly on: (event: DatabaseEvent) => void
}

/** A slot in somebody's hands. */
export type Lease<Slot> = {
  readonly slot: Slot
  /** `performance.now()` */
  readonly since: number
  /** The last statement run: what the leak watch names. */
  statement: string | undefined
  isReported: boolean
}

export type Patience = {
  /** ms the caller itself has. */
  readonly timeLeft: number
  readonly signal: (() => AbortSignal) | undefined
}

export type Gate<Slot> = {
  /** At once when a slot is free. @throws AppError `pool_exhausted`, `timeout`, `database_unavailable` once closed */
  acquire(patience: Patience): Lease<Slot> | Promise<Lease<Slot>>
  release(lease: Lease<Slot>): void
  stats(): Omit<PoolStats, 'idle'>
  /** Turns everybody away from now on; resolves when every slot is back, or after `limit` ms. */
  close(limit: number): Promise<void>
}

type Waiter<Slot> = {
  readonly take: (slot: Slot) => void
  readonly refuse: (error: Error) => void
}

/** Hands out `slots`, one caller each, first come first served. The slot used last goes first: its statements are prepared. */
export function slotGate<Slot>(slots: readonly Slot[], options: GateOptions): Gate<Slot> {
  const { acquireTimeout, queueLimit, leakAfter, on } = options
  const free = [...slots]
  const taken = new Set<Lease<Slot>>()
  const waiters = new Set<Waiter<Slot>>()
  const waits = recent()
  let acquired = 0
  let timeouts = 0
  let rejected = 0
  let isClosed = false
  let emptied: (() => void) | undefined
  let watch: ReturnType<typeof setTimeout> | undefined

  function acquire(patience: Patience): Lease<Slot> | Promise<Lease<Slot>> {
    if (isClosed) throw databaseUnavailable(new Error('The pool is closed'))
    const slot = free.pop()
    if (slot !== undefined) return lend(slot, 0)
    if (waiters.size < queueLimit) return queue(patience)
    rejected += 1
    on({ type: 'rejected', wait: 0, waiting: waiters.size })
    throw poolExhausted(new Error(`${waiters.size} callers are waiting already`))
  }

  function lend(slot: Slot, wait: number): Lease<Slot> {
    const lease = { slot, since: performance.now(), statement: undefined, isReported: false }
    taken.add(lease)
    acquired += 1
    waits.note(wait)
    watch ??= setTimeout(reportLeaks, leakAfter)
    on({ type: 'acquired', wait })
    return lease
  }

  function queue({ timeLeft, signal }: Patience): Promise<Lease<Slot>> {
    return new Promise((resolve, reject) => {
      const start = performance.now()
      const gone = signal?.()
      const leave = () => {
        waiters.delete(waiter)
        clearTimeout(timer)
        gone?.removeEventListener('abort', abandon)
      }
      const waiter: Waiter<Slot> = {
        take: (slot) => {
          leave()
          resolve(lend(slot, performance.now() - start))
        },
        refuse: (error) => {
          leave()
          reject(error)
        },
      }
      const giveUp = () => {
        const wait = performance.now() - start
        timeouts += 1
        waits.note(wait)
        waiter.refuse(timeLeft < acquireTimeout ? timeout() : poolExhausted())
        on({ type: 'timed out', wait, waiting: waiters.size })
      }
      const abandon = () => waiter.refuse(timeout(gone?.reason))
      const timer = setTimeout(giveUp, Math.min(acquireTimeout, timeLeft))
      waiters.add(waiter)
      if (gone?.aborted) abandon()
      else gone?.addEventListener('abort', abandon)
    })
  }

  function release(lease: Lease<Slot>): void {
    if (!taken.delete(lease)) return
    on({ type: 'released', held: performance.now() - lease.since })
    const [next] = waiters
    if (next) next.take(lease.slot)
    else free.push(lease.slot)
    if (isClosed && taken.size === 0) settle()
  }

  function settle() {
    clearTimeout(watch)
    emptied?.()
  }

  /** One timer for all slots, alive only while some are held. */
  function reportLeaks() {
    const now = performance.now()
    for (const lease of taken) {
      const held = now - lease.since
      if (lease.isReported || held < leakAfter) continue
      lease.isReported = true
      on({ type: 'leaked', held, statement: lease.statement })
    }
    watch = taken.size > 0 ? setTimeout(reportLeaks, leakAfter / 2) : undefined
  }

  return {
    acquire,
    release,
    stats: () => ({
      size: slots.length,
      inUse: taken.size,
      waiting: waiters.size,
      acquired,
      timeouts,
      rejected,
      wait: waits.summary(),
    }),
    close: (limit) =>
      new Promise((resolve) => {
        isClosed = true
        const patience = setTimeout(settle, limit)
        emptied = () => {
          clearTimeout(patience)
          resolve()
        }
        for (const waiter of waiters) waiter.refuse(databaseUnavailable())
        if (taken.size === 0) settle()
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
