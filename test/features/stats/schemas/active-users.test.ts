import { describe, expect, it } from 'vitest'
import { useDashboard } from '../app.ts'

describe('a bad query of GET /api/v1/dashboard/active-users', () => {
  const dashboard = useDashboard()

  it.each([
    ['date=2023-02-30', 'date'],
    ['date=2023-2-3', 'date'],
    ['date=0000-01-01', 'date'],
    ['date=2023-02-01T00:00:00Z', 'date'],
    ['date=2023-02-01&date=2023-02-02', 'date'],
    ['date=2023-02-01%00', 'date'],
    ['date=2023-02-01&from=2023-02-01', 'date'],
    ['from=2024-01-02&to=2024-01-01', 'to'],
    ['from=2023-01-01&to=2024-01-02', 'to'],
    ['from=9999-01-01', 'to'],
    ['since=2024-01-01', 'since'],
  ])('refuses %s', async (query, path) => {
    expect(await dashboard.faults(`active-users?${query}`)).toMatchObject([{ path }])
  })

  it('names all faults at once', async () => {
    const faults = await dashboard.faults('active-users?date=2023-02-30&from=x&to=2020-01-01')
    expect(faults.map(({ path }) => path).sort()).toEqual(['date', 'date', 'from'])
  })
})
