import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { untilInterrupted } from '../../src/commands/interruption.ts'

const listeners = () => process.listenerCount('SIGINT') + process.listenerCount('SIGTERM')

describe('untilInterrupted', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('aborts its signal on %s, the exit code being %i', async (name, code) => {
    const result = await untilInterrupted(async (signal) => {
      expect(signal.aborted).toBe(false)
      const aborted = once(signal, 'abort')
      process.kill(process.pid, name)
      await aborted
      return signal.reason.exitCode
    })
    expect(result).toBe(code)
  })

  it('listens no longer once the work has succeeded or failed', async () => {
    const before = listeners()
    await untilInterrupted(async () => expect(listeners()).toBe(before + 2))
    expect(listeners()).toBe(before)
    await expect(untilInterrupted(() => Promise.reject(new Error('lost')))).rejects.toThrow('lost')
    expect(listeners()).toBe(before)
  })
})
