import { describe, expect, it } from 'vitest'
import { expiryOf } from '../../../src/commands/keys/expiry.ts'

const now = Date.UTC(2026, 10, 22)

describe('an expiry', () => {
  it.each([
    ['12h', '2026-11-22T12:00:00.000Z'],
    ['90d', '2027-02-20T00:00:00.000Z'],
    ['2w', '2026-12-06T00:00:00.000Z'],
    ['2027-01-01', '2027-01-01T00:00:00.000Z'],
    ['2027-01-01T00:00+01:00', '2026-12-31T23:00:00.000Z'],
  ])('is read: %s', (text, expected) => {
    expect(expiryOf(text, now)).toBe(expected)
  })

  it.each([
    '',
    '0d',
    '90',
    'd',
    '-1d',
    '90m',
    '2026-11-22',
    '2020-01-01',
    '2027-13-01',
    'infinity',
    '1',
  ])('is none: %s', (text) => {
    expect(expiryOf(text, now)).toBeUndefined()
  })
})
