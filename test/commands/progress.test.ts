import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { progressOn } from '../../src/commands/progress.ts'
import { recordingTerminal } from './terminal.ts'

describe('progressOn', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  it('writes a line at the end of a step, with its rows per second', () => {
    const { written, ...terminal } = recordingTerminal()
    const step = progressOn(terminal).step('posts.csv', 100)
    vi.advanceTimersByTime(2_000)
    step.update(100, 3_000)
    expect(written.stdout).toBe('')
    step.end()
    expect(written.stdout).toBe('posts.csv: 3,000 rows, 1,500 rows/s\n')
  })

  it('writes a line every ten seconds of a long step', () => {
    const { written, ...terminal } = recordingTerminal()
    const step = progressOn(terminal).step('posts.csv', 100)
    for (let second = 1; second <= 25; second++) {
      vi.advanceTimersByTime(1_000)
      step.update(second, second * 10)
    }
    expect(written.stdout).toBe(
      'posts.csv: 100 rows, 10 %, 10 rows/s\nposts.csv: 200 rows, 20 %, 10 rows/s\n',
    )
  })

  it('writes a note as it is', () => {
    const { written, ...terminal } = recordingTerminal()
    progressOn(terminal).note('posts.csv has no rows.')
    expect(written.stdout).toBe('posts.csv has no rows.\n')
  })

  it('writes no line of a step where stderr is a TTY, which has a bar', () => {
    const { stdout, stderr, written } = recordingTerminal()
    const step = progressOn({ stdout, stderr: { ...stderr, isTTY: true } }).step('posts.csv', 100)
    vi.advanceTimersByTime(20_000)
    step.update(50, 50)
    step.end()
    expect(written.stdout).toBe('')
  })

  it('writes lines where only stdout is a TTY: a bar would go to stderr', () => {
    const { stdout, stderr, written } = recordingTerminal()
    progressOn({ stdout: { ...stdout, isTTY: true }, stderr })
      .step('posts.csv', 100)
      .end()
    expect(written.stdout).toMatch(/^posts\.csv: 0 rows/)
  })
})
