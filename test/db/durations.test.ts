import { describe, expect, it } from 'vitest'
import { lastDurations, percentile } from '../../src/db/durations.ts'

describe('lastDurations', () => {
  it('remembers the last ones in ascending order, and counts them all', () => {
    const durations = lastDurations(3)
    expect([...durations.sorted()]).toEqual([])
    for (const duration of [9, 30, 7.5, 20]) durations.add(duration)
    expect([...durations.sorted()]).toEqual([7.5, 20, 30])
    expect(durations.count).toBe(4)
  })
})

describe('percentile', () => {
  it('is the smallest value that the share of them does not exceed', () => {
    const hundred = Float64Array.from({ length: 100 }, (_, n) => n + 1)
    expect(percentile(hundred, 0.5)).toBe(50)
    expect(percentile(hundred, 0.95)).toBe(95)
    expect(percentile(hundred, 1)).toBe(100)
    expect(percentile(Float64Array.of(4), 0.01)).toBe(4)
  })

  it('is 0 where there is none', () => {
    expect(percentile(new Float64Array(0), 0.95)).toBe(0)
  })
})
