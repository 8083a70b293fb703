import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchDeadline } from '../../../src/db/pool/deadline.ts'

describe('watchDeadline', () => {
  const abort = vi.fn()
  beforeEach(() => {
    abort.mockClear()
    vi.useFakeTimers()
  })
  afterEach(() => vi.useRealTimers())

  const inMs = (ms: number) => performance.now() + ms
  const watch = (ms: number, signal?: () => AbortSignal) =>
    watchDeadline({ deadline: inMs(ms), signal }, abort)

  it('aborts at the deadline', () => {
    watch(100)
    vi.advanceTimersByTime(99)
    expect(abort).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2)
    expect(abort).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'timeout' }))
  })

  it('aborts at a deadline that comes before the client is looked for', () => {
    watch(10, () => new AbortController().signal)
    vi.advanceTimersByTime(11)
    expect(abort).toHaveBeenCalledOnce()
  })

  it('takes no timer without a deadline and a client', () => {
    watch(Infinity)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('asks for the signal after 25 ms, once', () => {
    const signal = vi.fn(() => new AbortController().signal)
    watch(1_000, signal)
    vi.advanceTimersByTime(24)
    expect(signal).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2_000)
    expect(signal).toHaveBeenCalledOnce()
    expect(abort).toHaveBeenCalledOnce()
  })

  it('aborts when the client goes away, with its reason as the cause', () => {
    const client = new AbortController()
    watch(Infinity, () => client.signal)
    vi.advanceTimersByTime(25)
    client.abort('hung up')
    expect(abort).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ code: 'timeout', cause: 'hung up' }),
    )
  })

  it('aborts when the client went away before it was looked for', () => {
    watch(Infinity, () => AbortSignal.abort())
    vi.advanceTimersByTime(25)
    expect(abort).toHaveBeenCalledOnce()
  })

  it('does nothing more once it is stopped', () => {
    const client = new AbortController()
    const stop = watch(100, () => client.signal)
    vi.advanceTimersByTime(30)
    stop()
    client.abort()
    vi.advanceTimersByTime(1_000)
    expect(abort).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })
})
