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

const gateOf = (size: number, options: Partial<WaitQueueOptions> = {}) =>
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

/** A slot that is free. */
function take<Slot>(gate: WaitQueue<Slot>): Lease<Slot> {
  const lease = gate.acquire(forever)
  if (lease instanceof Promise) throw new Error('No slot is free')
  return lease
}

describe('slotGate', () => {
  it('gives a free slot at once, the one used last first', () => {
    const gate = gateOf(3)
    const first = take(gate)
    gate.release(first)
    expect(take(gate).connection).toBe(first.connection)
    expect(gate.stats()).toMatchObject({ size: 3, inUse: 1, waiting: 0, acquired: 2 })
  })

  it('serves who waits in the order they came', async () => {
    const gate = gateOf(1)
    const held = take(gate)
    const served: number[] = []
    const waiting = [0, 1, 2].map(async (n) => {
      const lease = await gate.acquire(forever)
      served.push(n)
      gate.release(lease)
    })
    expect(gate.stats().waiting).toBe(3)
    gate.release(held)
    await Promise.all(waiting)
    expect(served).toEqual([0, 1, 2])
    expect(gate.stats()).toMatchObject({ inUse: 0, waiting: 0, acquired: 4 })
  })

  it('refuses who waited for the acquire timeout', async () => {
    const gate = gateOf(1)
    take(gate)
    const refused = expect(gate.acquire(forever)).rejects.toMatchObject({ code: 'pool_exhausted' })
    await vi.advanceTimersByTimeAsync(1_000)
    await refused
    expect(gate.stats()).toMatchObject({ waiting: 0, timeouts: 1 })
    expect(events).toContainEqual({ type: 'timed_out', wait: expect.any(Number), waiting: 0 })
  })

  it('refuses earlier who has less time', async () => {
    const gate = gateOf(1)
    take(gate)
    const hurried = gate.acquire({ timeLeft: 100, signal: undefined })
    const refused = expect(hurried).rejects.toMatchObject({ code: 'timeout' })
    await vi.advanceTimersByTimeAsync(100)
    await refused
  })

  it('turns away who finds the queue full, at once', async () => {
    const gate = gateOf(1, { queueLimit: 2 })
    const held = take(gate)
    const waiting = [gate.acquire(forever), gate.acquire(forever)]
    expect(() => gate.acquire(forever)).toThrow(expect.objectContaining({ code: 'pool_exhausted' }))
    expect(gate.stats()).toMatchObject({ waiting: 2, rejected: 1 })
    gate.release(held)
    gate.release(await (waiting[0] ?? Promise.reject()))
    gate.release(await (waiting[1] ?? Promise.reject()))
  })

  it('lets go of who hangs up, at once and without a slot', async () => {
    const gate = gateOf(1)
    const held = take(gate)
    const client = new AbortController()
    const waiting = gate.acquire({ timeLeft: Infinity, signal: () => client.signal })
    const refused = expect(waiting).rejects.toMatchObject({ code: 'timeout' })
    client.abort()
    expect(gate.stats().waiting).toBe(0)
    await refused
    gate.release(held)
    expect(gate.stats().inUse).toBe(0)
    expect(vi.getTimerCount()).toBe(1)
  })

  it('does not let in who hung up before', async () => {
    const gate = gateOf(1)
    take(gate)
    const waiting = gate.acquire({ timeLeft: Infinity, signal: () => AbortSignal.abort() })
    await expect(waiting).rejects.toMatchObject({ code: 'timeout' })
    expect(gate.stats().waiting).toBe(0)
  })

  it('takes a slot back once', () => {
    const gate = gateOf(1)
    const held = take(gate)
    gate.release(held)
    gate.release(held)
    take(gate)
    expect(gate.acquire({ timeLeft: Infinity, signal: undefined })).toBeInstanceOf(Promise)
  })

  it('reports a slot that is not given back, with its statement, once', async () => {
    const gate = gateOf(2)
    const held = take(gate)
    held.statement = 'stats'
    await vi.advanceTimersByTimeAsync(100_000)
    expect(events.filter(({ type }) => type === 'leaked')).toEqual([
      { type: 'leaked', held: expect.any(Number), statement: 'stats' },
    ])
    gate.release(held)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('knows how long the last callers waited', async () => {
    const gate = gateOf(1)
    for (let n = 0; n < 98; n += 1) gate.release(take(gate))
    const held = take(gate)
    const waiting = gate.acquire(forever)
    await vi.advanceTimersByTimeAsync(500)
    gate.release(held)
    gate.release(await waiting)
    expect(gate.stats().wait).toEqual({ p50: 0, p95: 0, max: 500 })
  })

  it('closes when the last slot is back, and refuses everybody till then', async () => {
    const gate = gateOf(1)
    const held = take(gate)
    const waiting = expect(gate.acquire(forever)).rejects.toMatchObject({
      code: 'database_unavailable',
    })
    let isClosed = false
    const closing = gate.close(5_000).then(() => {
      isClosed = true
    })
    await waiting
    expect(() => gate.acquire(forever)).toThrow('cannot be reached')
    expect(isClosed).toBe(false)
    gate.release(held)
    await closing
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not wait for ever to close', async () => {
    const gate = gateOf(1)
    take(gate)
    const closing = gate.close(5_000)
    await vi.advanceTimersByTimeAsync(5_000)
    await closing
    expect(vi.getTimerCount()).toBe(0)
  })

  it('never lends a slot twice nor forgets one, whoever comes, waits, leaves', async () => {
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
        const gate = gateOf(more + 1, { queueLimit: 8 })
        const held = new Set<number>()
        await Promise.allSettled(
          callers.map(async ({ comes, timeLeft, holds, hangsUp }) => {
            await pause(comes)
            const client = new AbortController()
            if (hangsUp !== null) setTimeout(() => client.abort(), hangsUp)
            const lease = await gate.acquire({ timeLeft, signal: () => client.signal })
            expect(held.has(lease.connection)).toBe(false)
            held.add(lease.connection)
            await pause(holds)
            held.delete(lease.connection)
            gate.release(lease)
          }),
        ).then((all) => {
          for (const one of all) {
            if (one.status === 'rejected') expect(one.reason).toHaveProperty('status')
          }
        })
        expect(gate.stats()).toMatchObject({ inUse: 0, waiting: 0 })
        await gate.close(5_000)
      }),
      { numRuns: 40 },
    )
  })
})
