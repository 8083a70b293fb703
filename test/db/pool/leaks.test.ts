import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DatabaseEvent } from '../../../src/db/database.ts'
import { type Lease, watchLeaks } from '../../../src/db/pool/leaks.ts'

describe('watchLeaks', () => {
  let events: DatabaseEvent[]
  let leases: Set<Lease<unknown>>
  beforeEach(() => {
    events = []
    leases = new Set()
    vi.useFakeTimers()
  })
  afterEach(() => vi.useRealTimers())

  const leaks = () => watchLeaks(leases, 1_000, (event) => events.push(event))
  const lend = (statement?: string) => {
    const lease = { connection: {}, since: performance.now(), statement, isReported: false }
    leases.add(lease)
    return lease
  }

  it('reports a lease held too long once, with its last statement', () => {
    lend('stats')
    leaks().watch()
    vi.advanceTimersByTime(999)
    expect(events).toEqual([])
    vi.advanceTimersByTime(10_000)
    expect(events).toEqual([{ type: 'leaked', held: expect.any(Number), statement: 'stats' }])
  })

  it('reports one that came later half the time late at most', () => {
    leaks().watch()
    lend('first')
    vi.advanceTimersByTime(100)
    lend('second')
    vi.advanceTimersByTime(1_500)
    expect(events).toHaveLength(2)
  })

  it('has one timer, and none once nothing is held', () => {
    const lease = lend()
    const { watch } = leaks()
    watch()
    watch()
    expect(vi.getTimerCount()).toBe(1)
    leases.delete(lease)
    vi.advanceTimersByTime(1_000)
    expect(vi.getTimerCount()).toBe(0)
    watch()
    expect(vi.getTimerCount()).toBe(1)
  })

  it('can be stopped', () => {
    lend()
    const { watch, stop } = leaks()
    watch()
    stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
