import { describe, expect, it } from 'vitest'
import type { Trends } from '../../../src/features/stats/schemas/trends.ts'
import { useDashboard } from './app.ts'

describe('cuts', () => {
  const dashboard = useDashboard()
  const starts = async (query: Record<string, string>) =>
    (await dashboard.get<Trends>('trends', { metric: 'posts', ...query })).items.map(({ start }) =>
      start.slice(0, 16),
    )

  it('an hour that a clock shows twice into two buckets, and none where it skips one', async () => {
    const tz = 'America/New_York'
    expect(
      await starts({
        tz,
        interval: 'hour',
        from: '2024-11-03T04:00:00Z',
        to: '2024-11-03T08:00:00Z',
      }),
    ).toEqual(['2024-11-03T04:00', '2024-11-03T05:00', '2024-11-03T06:00', '2024-11-03T07:00'])
    const day = { interval: 'hour', from: '2024-11-03T04:00:00Z', to: '2024-11-04T05:00:00Z' }
    expect(await starts({ tz, ...day })).toHaveLength(25)
    const short = { interval: 'hour', from: '2024-03-10T05:00:00Z', to: '2024-03-11T04:00:00Z' }
    expect(await starts({ tz, ...short })).toHaveLength(23)
  })

  it('at full hours of the clock, also where it is moved by half an hour', async () => {
    const tz = 'Australia/Lord_Howe'
    expect(
      await starts({
        tz,
        interval: 'hour',
        from: '2024-04-06T13:00:00Z',
        to: '2024-04-06T17:30:00Z',
      }),
    ).toEqual(['2024-04-06T13:00', '2024-04-06T14:00', '2024-04-06T15:30', '2024-04-06T16:30'])
    expect(
      await starts({
        tz,
        interval: 'hour',
        from: '2024-10-05T14:30:00Z',
        to: '2024-10-05T17:00:00Z',
      }),
    ).toEqual(['2024-10-05T14:30', '2024-10-05T15:30', '2024-10-05T16:00'])
  })

  it.each([
    [
      'days of 23 and 25 hours',
      'Europe/Berlin',
      '2024-03-30T23:00:00Z',
      '2024-04-01T22:00:00Z',
      ['2024-03-30T23:00', '2024-03-31T22:00'],
    ],
    [
      'a day that never was',
      'Pacific/Apia',
      '2011-12-29T10:00:00Z',
      '2011-12-31T10:00:00Z',
      ['2011-12-29T10:00', '2011-12-30T10:00'],
    ],
    [
      'a day whose midnight comes twice',
      'America/Havana',
      '2023-11-04T04:00:00Z',
      '2023-11-06T05:00:00Z',
      ['2023-11-04T04:00', '2023-11-05T04:00'],
    ],
    [
      'a day that has no midnight',
      'America/Sao_Paulo',
      '2018-11-03T03:00:00Z',
      '2018-11-05T02:00:00Z',
      ['2018-11-03T03:00', '2018-11-04T03:00'],
    ],
    [
      'days of a half-hour zone',
      'Asia/Kolkata',
      '2024-01-01T18:30:00Z',
      '2024-01-03T18:30:00Z',
      ['2024-01-01T18:30', '2024-01-02T18:30'],
    ],
  ])('%s', async (_, tz, from, to, expected) => {
    expect(await starts({ tz, from, to })).toEqual(expected)
  })

  it('weeks on Monday and months of any length', async () => {
    expect(await starts({ interval: 'week', from: '2024-02-28', to: '2024-03-05' })).toEqual([
      '2024-02-26T00:00',
      '2024-03-04T00:00',
    ])
    const months = {
      interval: 'month',
      tz: 'Asia/Tokyo',
      from: '2024-01-31T15:00:00Z',
      to: '2024-03-31T15:00:00Z',
    }
    expect(await starts(months)).toEqual(['2024-01-31T15:00', '2024-02-29T15:00'])
  })

  it('up to the current bucket where no time is given', async () => {
    expect(await starts({})).toHaveLength(30)
    expect(await starts({ interval: 'hour' })).toHaveLength(24)
    expect(await starts({ interval: 'week' })).toHaveLength(12)
    expect(await starts({ interval: 'month', tz: 'Asia/Kolkata' })).toHaveLength(12)
    expect(await starts({ to: '2024-03-02' })).toEqual(
      await starts({ from: '2024-02-01', to: '2024-03-02' }).then((days) => days.slice(-30)),
    )
    expect(await starts({ from: '2024-02-01', to: '2024-02-01' })).toEqual([])
  })
})
