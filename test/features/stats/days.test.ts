import { describe, expect, it } from 'vitest'
import { daysOf, isReversed, isTooLong } from '../../../src/features/stats/days.ts'

describe('daysOf', () => {
  it('takes a date for both ends', () => {
    expect(daysOf({ date: '2024-02-29' })).toEqual({ from: '2024-02-29', to: '2024-02-29' })
  })

  it('takes 30 days that end with the last where the first is missing', () => {
    expect(daysOf({ to: '2024-03-01' })).toEqual({ from: '2024-02-01', to: '2024-03-01' })
  })

  it('begins with the first of all days where there are no 30', () => {
    expect(daysOf({ to: '0001-01-05' })).toEqual({ from: '0001-01-01', to: '0001-01-05' })
  })

  it('ends with today where the last is missing', () => {
    const { to } = daysOf({ from: '2024-01-01' })
    expect(daysOf({})).toEqual({ from: to, to })
  })
})

describe('a range of days', () => {
  it('is reversed where it ends before it begins', () => {
    expect(isReversed({ from: '2024-01-02', to: '2024-01-01' })).toBe(true)
    expect(isReversed({ from: '2024-01-02', to: '2024-01-02' })).toBe(false)
  })

  it('is too long from 367 days on', () => {
    expect(isTooLong({ from: '2024-01-01', to: '2024-12-31' })).toBe(false)
    expect(isTooLong({ from: '2024-01-01', to: '2025-01-01' })).toBe(true)
  })
})
