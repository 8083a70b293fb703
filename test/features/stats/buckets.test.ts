import { describe, expect, it } from 'vitest'
import { leastBuckets } from '../../../src/features/stats/buckets.ts'

describe('leastBuckets', () => {
  it.each([
    ['hour', '2024-01-01T00:59:59Z', '2024-01-01T02:00:00Z', 2],
    ['day', '2024-02-28T23:00:00Z', '2024-03-01T00:00:00Z', 2],
    ['week', '2024-03-03T23:59:59Z', '2024-03-04T00:00:01Z', 2],
    ['week', '1969-12-29T00:00:00Z', '1970-01-05T00:00:00Z', 1],
    ['month', '2023-12-31T23:59:59Z', '2024-02-01T00:00:00Z', 2],
  ] as const)('counts in UTC each %s from %s to %s', (interval, from, to, expected) => {
    expect(leastBuckets({ interval, from, to, tz: 'UTC' })).toBe(expected)
  })

  it('allows for two buckets that another zone may skip', () => {
    const range = { interval: 'day', from: '2024-01-01', to: '2024-01-11' } as const
    expect(leastBuckets({ ...range, tz: 'Pacific/Apia' })).toBe(8)
  })

  it('refuses nothing where the number of buckets is given by default', () => {
    expect(leastBuckets({ interval: 'hour', to: '2024-01-01', tz: 'UTC' })).toBe(0)
  })
})
