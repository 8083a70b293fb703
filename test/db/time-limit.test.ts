import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { withTimeLimit } from '../../src/db/time-limit.ts'

/** ms, which no other timer has. */
const limit = 100.5

describe('withTimeLimit', () => {
  let isCleared: () => boolean
  beforeEach(() => {
    vi.useFakeTimers()
    const { setTimeout, clearTimeout } = globalThis
    const open = new Set<unknown>()
    // by its limit: what else runs in this process has timers too
    vi.spyOn(globalThis, 'setTimeout').mockImplementation((callback, ms) => {
      const timer = setTimeout(callback, ms)
      if (ms === limit) open.add(timer)
      return timer
    })
    vi.spyOn(globalThis, 'clearTimeout').mockImplementation((timer) => {
      open.delete(timer)
      clearTimeout(timer)
    })
    isCleared = () => open.size === 0
  })
  afterEach(() => {
    expect(isCleared()).toBe(true)
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  it('resolves to what the work resolves to in time', async () => {
    expect(await withTimeLimit(limit, async () => 'done')).toBe('done')
  })

  it('rejects with what the work throws, at once or later', async () => {
    const throws = () => {
      throw new Error('at once')
    }
    await expect(withTimeLimit(limit, throws)).rejects.toThrow('at once')
    await expect(withTimeLimit(limit, () => Promise.reject(new Error('later')))).rejects.toThrow(
      'later',
    )
  })

  it('rejects at the limit, and a failure after it is nobody’s', async () => {
    const work = Promise.withResolvers<void>()
    const late = expect(withTimeLimit(limit, () => work.promise)).rejects.toThrow('within 100.5 ms')
    await vi.advanceTimersByTimeAsync(101)
    await late
    work.reject(new Error('too late'))
    await vi.advanceTimersByTimeAsync(0)
  })
})
