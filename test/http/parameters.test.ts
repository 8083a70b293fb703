import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { id, instant, listOf, pageSize, utcDate } from '../../src/http/parameters.ts'

describe('instant', () => {
  it.each([
    ['2020-05-31', '2020-05-31T00:00:00.000000Z'],
    ['2020-05-31T01:40:47Z', '2020-05-31T01:40:47.000000Z'],
    ['2020-05-31t01:40:47.307z', '2020-05-31T01:40:47.307000Z'],
    ['2020-05-31 01:40:47.3070009Z', '2020-05-31T01:40:47.307000Z'],
    ['2020-01-01T00:00:00+02:00', '2019-12-31T22:00:00.000000Z'],
    ['2020-01-01T00:00:00 02:00', '2019-12-31T22:00:00.000000Z'],
    ['2020-01-01T00:00:00-00:30', '2020-01-01T00:30:00.000000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000000Z'],
    ['2016-12-31T15:59:60.5-08:00', '2017-01-01T00:00:00.500000Z'],
    ['0050-02-28T00:00:00Z', '0050-02-28T00:00:00.000000Z'],
    ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ])('reads %s', (text, expected) => {
    expect(instant.parse(text)).toBe(expected)
  })

  it.each([
    '',
    'now',
    '2020',
    '2020-5-31',
    '2023-02-29',
    '2020-05-31T24:00:00Z',
    '2020-05-31T23:60:00Z',
    '2020-05-31T01:40Z',
    '2020-05-31T01:40:47',
    '2020-05-31T01:40:60Z',
    '2020-05-31T01:40:47+24:00',
    '0000-12-31',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:60Z',
    '10000-01-01',
    '-2020-01-01',
    '2020-05-31T01:40:47Z\0',
    '2020-05-31\n',
    ' 2020-05-31',
    '1590889247',
  ])('refuses %j', (text) => {
    expect(instant.safeParse(text).success).toBe(false)
  })

  it('agrees with Date on every instant it reads', () => {
    const date = fc.date({
      min: new Date('0001-01-02'),
      max: new Date('9999-12-30'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(date, fc.integer({ min: -1439, max: 1439 }), (moment, offset) => {
        const local = new Date(moment.getTime() + offset * 60_000).toISOString().slice(0, -1)
        const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60]
        const pad = (n: number) => String(n).padStart(2, '0')
        const zone = `${offset < 0 ? '-' : '+'}${pad(hours)}:${pad(minutes)}`
        expect(instant.parse(local + zone)).toBe(`${moment.toISOString().slice(0, -1)}000Z`)
      }),
    )
  })
})

describe('utcDate', () => {
  it('takes days of the calendar only', () => {
    expect(utcDate.parse('2024-02-29')).toBe('2024-02-29')
    for (const text of ['2023-02-29', '0000-01-01', '2024-02-29T00:00:00Z', '2024-2-9', '']) {
      expect(utcDate.safeParse(text).success, text).toBe(false)
    }
  })
})

describe('id', () => {
  it('takes whole numbers that survive JSON, negative ones too', () => {
    expect(id.parse('-1')).toBe(-1)
    expect(id.parse('-0')).toBe(0)
    expect(id.parse('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER)
    for (const text of [
      '9007199254740992',
      '9'.repeat(300),
      '1e3',
      '1.0',
      '0x1',
      '+1',
      ' 1',
      '',
      '١',
    ]) {
      expect(id.safeParse(text).success, text).toBe(false)
    }
  })
})

describe('pageSize', () => {
  it('is 1 to 100 and 20 unless given', () => {
    expect([undefined, '1', '100'].map((text) => pageSize.parse(text))).toEqual([20, 1, 100])
    for (const text of ['0', '101', '-1', '']) expect(pageSize.safeParse(text).success).toBe(false)
  })
})

describe('listOf', () => {
  const letters = listOf(['a', 'b', 'c'])

  it('comes out in one order however it was written', () => {
    expect(letters.parse('c,a')).toEqual(['a', 'c'])
  })

  it.each(['', 'd', 'a,a', 'a,', ',a', 'a, b', 'A'])('refuses %j', (text) => {
    expect(letters.safeParse(text).success).toBe(false)
  })
})
