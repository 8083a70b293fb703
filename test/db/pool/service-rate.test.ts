import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { serviceRate } from '../../../src/db/pool/service-rate.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function learned(...intervals: number[]) {
  const rate = serviceRate(2)
  rate.begin()
  for (const interval of intervals) {
    vi.advanceTimersByTime(interval)
    rate.served()
  }
  return rate
}

describe('serviceRate', () => {
  it('knows no bound before anyone had to wait', () => {
    expect(serviceRate(2).callersIn(100)).toBe(Infinity)
  })

  it('tells how many are served in a time', () => {
    expect(learned(10, 10, 10).callersIn(100)).toBeCloseTo(10)
  })

  it('does not count the time in which nobody waited', () => {
    const rate = learned(10)
    vi.advanceTimersByTime(10_000)
    rate.begin()
    vi.advanceTimersByTime(10)
    rate.served()
    expect(rate.callersIn(100)).toBeCloseTo(10)
  })

  it('forgets a standstill, and never goes below the least', () => {
    expect(learned(100_000).callersIn(100)).toBe(2)
    const calm = Array.from({ length: 500 }, () => 1)
    expect(learned(5_000, ...calm).callersIn(1000)).toBeGreaterThan(500)
  })
})
