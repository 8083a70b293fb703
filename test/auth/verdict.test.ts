import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { anyone } from '../../src/auth/caller.ts'
import { rememberVerdicts, type Verdict } from '../../src/auth/verdict.ts'

const good: Verdict = { caller: anyone, goodUntil: Number.POSITIVE_INFINITY }
const bad: Verdict = { caller: undefined, refusal: 'No.' }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})
const pass = (ms: number) => vi.advanceTimersByTime(ms)

/** Says what it is told, and counts how often it is asked. */
function judging(verdict: Verdict = good) {
  const judge = vi.fn(async () => verdict)
  return judge
}
const failing = () => vi.fn(() => Promise.reject<Verdict>(new Error('away')))

describe('a verdict', () => {
  it.each([['good'], ['bad']])('is remembered for its lifetime, also a %s one', async (name) => {
    const verdict = name === 'good' ? good : bad
    const verdicts = rememberVerdicts({ lifetime: 30_000 })
    expect(verdicts.peek('a')).toBeUndefined()
    expect(await verdicts.of('a', judging(verdict))).toBe(verdict)
    pass(29_999)
    expect(verdicts.peek('a')).toBe(verdict)
    pass(1)
    expect(verdicts.peek('a')).toBeUndefined()
  })

  it('is found once for all who ask at the same time', async () => {
    const verdicts = rememberVerdicts({ lifetime: 30_000 })
    const judge = judging()
    await Promise.all(Array.from({ length: 100 }, () => verdicts.of('a', judge)))
    expect(judge).toHaveBeenCalledTimes(1)
  })

  it('is found by each where none may wait for another', async () => {
    const verdicts = rememberVerdicts({ lifetime: 30_000, isShared: false })
    const judge = judging()
    await Promise.all([verdicts.of('a', judge), verdicts.of('a', judge)])
    expect(judge).toHaveBeenCalledTimes(2)
  })

  it('is forgotten when keys change, also one that is just being found', async () => {
    const verdicts = rememberVerdicts({ lifetime: 30_000 })
    await verdicts.of('a', judging())
    const { promise, resolve } = Promise.withResolvers<Verdict>()
    const asked = verdicts.of('b', () => promise)
    verdicts.forget()
    resolve(good)
    expect(await asked).toBe(good)
    expect(verdicts.peek('a')).toBeUndefined()
    expect(verdicts.peek('b')).toBeUndefined()
  })

  it('is not waited for by who comes after a change', async () => {
    const verdicts = rememberVerdicts({ lifetime: 30_000 })
    void verdicts.of('a', () => new Promise(() => {}))
    verdicts.forget()
    expect(await verdicts.of('a', judging(bad))).toBe(bad)
  })

  it('is not relied on while a change may go unseen', async () => {
    const verdicts = rememberVerdicts({ lifetime: 30_000, validFor: 2000 })
    await verdicts.of('a', judging())
    pass(2000)
    expect(verdicts.peek('a')).toBeUndefined()
    verdicts.validate(performance.now())
    expect(verdicts.peek('a')).toBe(good)
  })

  it('stands for its lifetime while no new one can be found, which is tried once a second', async () => {
    const verdicts = rememberVerdicts({ lifetime: 30_000, validFor: 2000 })
    await verdicts.of('a', judging())
    const judge = failing()
    let passed = 0
    for (; passed < 28_000; passed += 100) {
      pass(100)
      expect(verdicts.peek('a') ?? (await verdicts.of('a', judge))).toBe(good)
    }
    expect(judge.mock.calls.length).toBeGreaterThan(20)
    expect(judge.mock.calls.length).toBeLessThan(30)
    pass(2000)
    expect(verdicts.peek('a')).toBeUndefined()
    await expect(verdicts.of('a', judge)).rejects.toThrow('away')
  })

  it('is not kept of what failed', async () => {
    const verdicts = rememberVerdicts({ lifetime: 30_000 })
    await expect(verdicts.of('a', failing())).rejects.toThrow('away')
    expect(await verdicts.of('a', judging())).toBe(good)
  })
})

describe('a crowd of unknown tokens', () => {
  it('pushes no good one out, and takes no more room than it may', async () => {
    const verdicts = rememberVerdicts({ lifetime: 30_000 })
    await verdicts.of('ours', judging())
    for (let i = 0; i < 10_100; i++) await verdicts.of(`token ${i}`, async () => bad)
    expect(verdicts.peek('ours')).toBe(good)
    expect(verdicts.peek('token 99')).toBeUndefined()
    expect(verdicts.peek('token 100')).toBe(bad)
  })
})
