import { describe, expect, it } from 'vitest'
import { boolean, email, id, instant, username } from '../../../src/commands/import/values.ts'

describe('an instant', () => {
  it.each([
    ['2014-01-21T20:21:18.797Z', '2014-01-21T20:21:18.797+00:00'],
    ['2014-01-21 20:21:18.797123+02', '2014-01-21T20:21:18.797123+02:00'],
    ['2014-01-21T20:21:18.123456789-0330', '2014-01-21T20:21:18.123456-03:30'],
    ['2014-01-21 20:21', '2014-01-21T20:21:00+00:00'],
    ['2014-01-21', '2014-01-21T00:00:00+00:00'],
    ['2016-02-29', '2016-02-29T00:00:00+00:00'],
  ])('reads %s', (given, written) => {
    expect(instant(given)).toBe(written)
  })

  it.each([
    'yesterday',
    'infinity',
    '1390335678',
    '2014-13-01',
    '2015-02-29',
    '2014-01-00',
    '2014-01-21T24:00:00Z',
    '2014-01-21T20:21:18+16:00',
    '0000-12-31T23:00:00-05:00',
    '0001-01-01T00:00:00+05:00',
    '9999-12-31T23:00:00-05:00',
    '12014-01-21',
  ])('refuses %s', (given) => {
    expect(instant(given)).toHaveProperty('reason')
  })
})

describe('an id', () => {
  it.each([
    ['-1', '-1'],
    [' 7 ', '7'],
    [7, '7'],
    ['007', '7'],
    ['-9007199254740991', '-9007199254740991'],
    ['', null],
    [undefined, null],
  ])('reads %j', (given, written) => {
    expect(id(given)).toBe(written)
  })

  it.each(['9007199254740992', '9'.repeat(300), '1.5', 'seven', '1e3', 1.5, {}, true])(
    'refuses %j',
    (given) => {
      expect(id(given)).toHaveProperty('reason')
    },
  )
})

describe('a truth value', () => {
  it('reads what databases print', () => {
    expect(['t', 'TRUE', 'yes', '1', true, 'f', 'off', 0].map(boolean)).toEqual([
      'true',
      'true',
      'true',
      'true',
      'true',
      'false',
      'false',
      'false',
    ])
  })

  it('refuses anything else', () => {
    expect(boolean('perhaps')).toHaveProperty('reason')
  })
})

describe('a text', () => {
  it('counts a user name in characters, not in code units', () => {
    expect(username('🍺'.repeat(200))).toBe('🍺'.repeat(200))
    expect(username('🍺'.repeat(201))).toHaveProperty('reason')
  })

  it.each([' ', 'a\0b', '\ud800', ['a']])('refuses the user name %j', (given) => {
    expect(username(given)).toHaveProperty('reason')
  })

  it.each(['nobody', '@', 'a@', `a@${'b'.repeat(400)}`])('refuses the address %j', (given) => {
    expect(email(given)).toHaveProperty('reason')
  })
})
