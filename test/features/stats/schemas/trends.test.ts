import { describe, expect, it } from 'vitest'
import { useDashboard } from '../app.ts'

describe('a bad query of GET /api/v1/dashboard/trends', () => {
  const dashboard = useDashboard()

  it.each([
    ['metric=likes', 'metric'],
    ['metric=posts,posts', 'metric'],
    ['metric=', 'metric'],
    ['metric=posts&metric=comments', 'metric'],
    ['interval=minute', 'interval'],
    ['interval=DAY', 'interval'],
    ['tz=Mars/Olympus', 'tz'],
    ['tz=%2B02:00', 'tz'],
    ['tz=UTC-3', 'tz'],
    ['tz=PST', 'tz'],
    ['tz=EST5EDT,M3.2.0,M11.1.0', 'tz'],
    ['tz=SystemV/AST4', 'tz'],
    ['tz=Europe/Berlin%00', 'tz'],
    ['tz=', 'tz'],
    ['from=2023-02-30', 'from'],
    ['from=2023-02-01T24:00:00Z', 'from'],
    ['from=yesterday', 'from'],
    ['from=2023-02-01T00:00:00', 'from'],
    ['to=10000-01-01', 'to'],
    ['from=2024-01-02&to=2024-01-01', 'to'],
    ['from=2000-01-01&interval=hour', 'interval'],
    ['zone=UTC', 'zone'],
  ])('refuses %s', async (query, path) => {
    expect(await dashboard.faults(`trends?${query}`)).toMatchObject([{ path }])
  })

  it('names all faults at once', async () => {
    const faults = await dashboard.faults('trends?metric=x&from=x&to=x&interval=x&tz=x&x=x')
    expect(faults.map(({ path }) => path).sort()).toEqual([
      'from',
      'interval',
      'metric',
      'to',
      'tz',
      'x',
    ])
  })
})
