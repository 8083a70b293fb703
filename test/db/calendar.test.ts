import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isDay, isInCommonYears, isTimeOfDay, microseconds } from '../../src/db/calendar.ts'

const padded = (max: number, length = 2) =>
  fc.integer({ min: 0, max }).map((n) => String(n).padStart(length, '0'))

/** Whether a `Date` writes the instant as it was given. */
const survives = (text: string) => {
  const date = new Date(`${text}Z`)
  return !Number.isNaN(+date) && date.toISOString() === `${text}.000Z`
}

describe('the calendar', () => {
  it('has the days that Date has', () => {
    fc.assert(
      fc.property(padded(9999, 4), padded(14), padded(33), (year, month, day) => {
        const date = `${year}-${month}-${day}`
        expect(isDay(date), date).toBe(survives(`${date}T00:00:00`))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['2000-02-29', true],
    ['1900-02-29', false],
    ['2024-02-29', true],
    ['2023-02-29', false],
    ['2023-04-31', false],
    ['0000-02-29', true],
  ])('knows %s: %s', (date, isThere) => {
    expect(isDay(date)).toBe(isThere)
  })

  it('has the times of a day that Date has, but 24:00', () => {
    fc.assert(
      fc.property(padded(25), padded(61), padded(61), (hour, minute, second) => {
        const time = `${hour}:${minute}:${second}`
        expect(isTimeOfDay(time), time).toBe(survives(`2020-01-01T${time}`))
      }),
    )
  })

  it('ends at the years 1 and 9999 in UTC', () => {
    const years = [
      '0001-01-01T00:00:00+00:01',
      '0001-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      '9999-12-31T23:59:59-00:01',
    ]
    expect(years.map((text) => isInCommonYears(new Date(text)))).toEqual([false, true, true, false])
  })

  it('cuts a fraction after microseconds', () => {
    expect(['', '5', '123456', '1234569'].map(microseconds)).toEqual(['', '5', '123456', '123456'])
  })
})
