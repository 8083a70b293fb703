import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { sampling } from '../../src/observability/sampling.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

const line = { level: 'info', message: 'Refused', fields: {} } as const

describe('sampling', () => {
  it('lets the first of a kind pass in a second, and says then how many it left out', () => {
    const sampled = sampling()
    const refused = { ...line, sampleKey: 'overloaded' }
    expect([sampled(refused), sampled(refused), sampled(refused)]).toEqual([
      0,
      undefined,
      undefined,
    ])
    expect(sampled({ ...line, sampleKey: 'timeout' })).toBe(0)
    vi.advanceTimersByTime(1000)
    expect([sampled(refused), sampled(refused)]).toEqual([2, undefined])
  })

  it('lets every line pass that has no kind', () => {
    const sampled = sampling()
    expect([sampled(line), sampled(line)]).toEqual([0, 0])
  })
})
