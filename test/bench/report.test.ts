import { describe, expect, it } from 'vitest'
import type { BenchData } from './data.ts'
import { atLeast, atMost, openReport } from './report.ts'
import { measureEach } from './scenarios.ts'

/** Nothing here asks for data. */
const noData = async (): Promise<never> => {
  throw new Error('There is none')
}
const data: BenchData = {
  posts: 1,
  full: noData,
  small: noData,
  naive: noData,
  scratch: noData,
  postmaster: 0,
  folder: '',
  stop: noData,
}

describe('the table of the bench', () => {
  it('holds the median of the rounds against the target, and shows how far they lie apart', () => {
    expect(atLeast('a', [1.2, 0.8, 1.1], 1)).toEqual({
      what: 'a',
      wanted: '≥ 1 ×',
      measured: '1.10 ×',
      spread: '0.80 to 1.20',
      rounds: 3,
      outcome: 'reached',
    })
    expect(atMost('b', [3, 5], 3.9, 'ms')).toMatchObject({ measured: '4.00 ms', outcome: 'missed' })
    expect(atLeast('c', [], 1)).toMatchObject({ rounds: 0, outcome: 'missed' })
  })

  it('says what could not be measured, after which the others are', async () => {
    const written: string[] = []
    const report = openReport((text) => written.push(text))
    const chosen = {
      broken: () => Promise.reject(new Error('no such thing\nat all')),
      whole: async () => report.row(atMost('whole', [1], 2)),
    }
    expect(await measureEach(chosen, { data, report, seconds: 1, rounds: 1 })).toBe(false)
    report.close()
    expect(written.at(-1)).toMatch(/broken: no such thing .*failed\nwhole +≤ 2 × .*reached$/)
  })
})
