import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DatabaseEvent } from '../../../src/db/database.ts'
import type { Lease } from '../../../src/db/pool/leaks.ts'
import { type WaitQueue, type WaitQueueOptions, waitQueue } from '../../../src/db/pool/queue.ts'

const forever = { timeLeft: Infinity, signal: undefined }
let events: DatabaseEvent[]

beforeEach(() => {
  events = []
  vi.useFakeTimers()
})
afterEach(() => vi.useRealTimers())

const queueOf = (size: number, options: Partial<WaitQueueOptions> = {}) =>
  waitQueue(
    Array.from({ length: size }, (_, n) => n),
    {
      acquireTimeout: 1_000,
      queueLimit: 10,
      leakAfter: 30_000,
      on: (event) => events.push(event),
      ...options,
    },
  )

/** Takes a connection that is free. */
function take<Connection>(queue: WaitQueue<Connection>): Lease<Connection> {
  const lease = queue.acquire(forever)
  if (lease instanceof Promise) throw new Error('No connection is free')
  return lease
}

describe('waitQueue', () => {
  it('lends a free connection at once, the one used last first', () => {
    const queue = queueOf(3)
    const first = take(queue)
    queue.release(first)
    expect(take(queue).connection).toBe(first.connection)
    expect(queue.stats()).toMatchObject({ size: 3, inUse: 1, waiting: 0, acquired: 2 })
  })

  it('serves callers in the order they came', async () => {
    const queue = queueOf(1)
    const held = take(queue)
    const served: number[] = []
    const waiting = [0, 1, 2].map(async (n) => {
      const lease = await queue.acquire(forever)
      served.push(n)
      queue.release(lease)
    })
    expect(queue.stats().waiting).toBe(3)
    queue.release(held)
    await Promise.all(waiting)
    expect(served).toEqual([0, 1, 2])
    expect(queue.stats()).toMatchObject({ inUse: 0, waiting: 0, acquired: 4 })
  })

  it('rejects a caller that waited for the acquire timeout', async () => {
    const queue = queueOf(1)
    take(queue)
    const refused = expect(queue.acquire(forever)).rejects.toMatchObject({ code: 'pool_exhausted' })
    await vi.advanceTimersByTimeAsync(1_000)
    await refused
    expect(queue.stats()).toMatchObject({ waiting: 0, timeouts: 1 })
    expect(events).toContainEqual({ type: 'timed_out', wait: expect.any(Number), waiting: 0 })
  })

  it('rejects a caller with less time earlier', async () => {
    const queue = queueOf(1)
    take(queue)
    const hurried = queue.acquire({ timeLeft: 100, signal: undefined })
    const refused = expect(hurried).rejects.toMatchObject({ code: 'timeout' })
    await vi.advanceTimersByTimeAsync(100)
    await refused
  })

  it('rejects a caller that finds the queue full, at once', async () => {
    const queue = queueOf(1, { queueLimit: 2 })
    const held = take(queue)
    const waiting = [queue.acquire(forever), queue.acquire(forever)]
    expect(() => queue.acquire(forever)).toThrow(
      expect.objectContaining({ code: 'pool_exhausted' }),
    )
    expect(queue.stats()).toMatchObject({ waiting: 2, rejected: 1 })
    queue.release(held)
    queue.release(await (waiting[0] ?? Promise.reject()))
    queue.release(await (waiting[1] ?? Promise.reject()))
  })

  it('rejects at once who would not be served within the acquire timeout, without a stack', async () => {
    const queue = queueOf(1, { queueLimit: 1000 })
    let lease = take(queue)
    const waiting = Array.from({ length: 50 }, () => queue.acquire(forever))
    for (const one of waiting.slice(0, 5)) {
      vi.advanceTimersByTime(100)
      queue.release(lease)
      lease = await one
    }
    // one per 100 ms: ten in the acquire timeout of 1,000 ms
    expect(queue.room()).toBeLessThanOrEqual(0)
    const refused = expect.objectContaining({
      code: 'pool_exhausted',
      stack: expect.not.stringMatching(/ at /),
    })
    expect(() => queue.acquire(forever)).toThrow(refused)
    expect(queue.stats()).toMatchObject({ waiting: 45, rejected: 1 })
    const closed = queue.close(5_000)
    queue.release(lease)
    await Promise.allSettled([closed, ...waiting])
  })

  it('drops a caller that hangs up, at once and without a connection', async () => {
    const queue = queueOf(1)
    const held = take(queue)
    const client = new AbortController()
    const waiting = queue.acquire({ timeLeft: Infinity, signal: () => client.signal })
    const refused = expect(waiting).rejects.toMatchObject({ code: 'timeout' })
    client.abort()
    expect(queue.stats().waiting).toBe(0)
    await refused
    queue.release(held)
    expect(queue.stats().inUse).toBe(0)
    expect(vi.getTimerCount()).toBe(1)
  })

  it('rejects a caller that hung up before', async () => {
    const queue = queueOf(1)
    take(queue)
    const waiting = queue.acquire({ timeLeft: Infinity, signal: () => AbortSignal.abort() })
    await expect(waiting).rejects.toMatchObject({ code: 'timeout' })
    expect(queue.stats().waiting).toBe(0)
  })

  it('takes a connection back once', () => {
    const queue = queueOf(1)
    const held = take(queue)
    queue.release(held)
    queue.release(held)
    take(queue)
    expect(queue.acquire({ timeLeft: Infinity, signal: undefined })).toBeInstanceOf(Promise)
  })

  it('reports a connection that is not released, with its statement, once', async () => {
    const queue = queueOf(2)
    const held = take(queue)
    held.statement = 'stats'
    await vi.advanceTimersByTimeAsync(100_000)
    expect(events.filter(({ type }) => type === 'leaked')).toEqual([
      { type: 'leaked', held: expect.any(Number), statement: 'stats' },
    ])
    queue.release(held)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('tells how long the last callers waited', async () => {
    const queue = queueOf(1)
    for (let n = 0; n < 98; n += 1) queue.release(take(queue))
    const held = take(queue)
    const waiting = queue.acquire(forever)
    await vi.advanceTimersByTimeAsync(500)
    queue.release(held)
    queue.release(await waiting)
    expect(queue.stats().wait).toEqual({ p50: 0, p95: 0, max: 500 })
  })

  it('closes when the last connection is released, and rejects every caller till then', async () => {
    const queue = queueOf(1)
    const held = take(queue)
    const waiting = expect(queue.acquire(forever)).rejects.toMatchObject({
      code: 'database_unavailable',
    })
    let isClosed = false
    const closing = queue.close(5_000).then(() => {
      isClosed = true
    })
    await waiting
    expect(() => queue.acquire(forever)).toThrow('cannot be reached')
    expect(isClosed).toBe(false)
    queue.release(held)
    await closing
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not wait for ever to close', async () => {
    const queue = queueOf(1)
    take(queue)
    const closing = queue.close(5_000)
    await vi.advanceTimersByTimeAsync(5_000)
    await closing
    expect(vi.getTimerCount()).toBe(0)
  })

  it('never lends a connection twice nor forgets one, whoever comes, waits, leaves', async () => {
    vi.useRealTimers()
    const caller = fc.record({
      comes: fc.nat(5),
      timeLeft: fc.constantFrom(1, 3, 1_000),
      holds: fc.nat(4),
      hangsUp: fc.option(fc.nat(4)),
    })
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.array(caller, { maxLength: 25 }), async (more, callers) => {
        const queue = queueOf(more + 1, { queueLimit: 8 })
        const held = new Set<number>()
        await Promise.allSettled(
          callers.map(async ({ comes, timeLeft, holds, hangsUp }) => {
            await pause(comes)
            const client = new AbortController()
            if (hangsUp !== null) setTimeout(() => client.abort(), hangsUp)
            const lease = await queue.acquire({ timeLeft, signal: () => client.signal })
            expect(held.has(lease.connection)).toBe(false)
            held.add(lease.connection)
            await pause(holds)
            held.delete(lease.connection)
            queue.release(lease)
          }),
        ).then((all) => {
          for (const one of all) {
            if (one.status === 'rejected') expect(one.reason).toHaveProperty('status')
          }
        })
        expect(queue.stats()).toMatchObject({ inUse: 0, waiting: 0 })
        await queue.close(5_000)
      }),
      { numRuns: 40 },
    )
  })
})
