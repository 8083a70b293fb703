import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { withTimeLimit } from '../../src/db/time-limit.ts'

describe('withTimeLimit', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('resolves to what the work resolves to in time', async () => {
    expect(await withTimeLimit(100, async () => 'done')).toBe('done')
  })

  it('rejects with what the work throws, at once or later', async () => {
    const throws = () => {
      throw new Error('at once')
    }
    await expect(withTimeLimit(100, throws)).rejects.toThrow('at once')
    await expect(withTimeLimit(100, () => Promise.reject(new Error('later')))).rejects.toThrow(
      'later',
    )
  })

  it('rejects at the limit, and a failure after it is nobody’s', async () => {
    const work = Promise.withResolvers<void>()
    const late = expect(withTimeLimit(100, () => work.promise)).rejects.toThrow('within 100 ms')
    await vi.advanceTimersByTimeAsync(100)
    await late
    work.reject(new Error('too late'))
    await vi.advanceTimersByTimeAsync(0)
  })
})
