import { describe, expect, it } from 'vitest'
import { useDashboard } from '../app.ts'

describe('a bad query of GET /api/v1/dashboard/retention', () => {
  const dashboard = useDashboard()

  it.each([
    ['from=2020-13', 'from'],
    ['from=2020-00', 'from'],
    ['from=0000-12', 'from'],
    ['from=2020-1', 'from'],
    ['from=2020-01-01', 'from'],
    ['from=202001', 'from'],
    ['from=10000-01', 'from'],
    ['from=-2020-01', 'from'],
    ['from=', 'from'],
    ['to=2020-01%00', 'to'],
    ['to=2020-01&to=2020-02', 'to'],
    ['from=2020-02&to=2020-01', 'to'],
    ['from=9999-12', 'to'],
    ['from=2010-01&to=2020-01', 'to'],
    ['from=0001-01', 'to'],
    ['months=0', 'months'],
    ['months=121', 'months'],
    ['months=1.5', 'months'],
    ['months=', 'months'],
    ['cohort=2020-01', 'cohort'],
  ])('refuses %s', async (query, path) => {
    expect(await dashboard.faults(`retention?${query}`)).toMatchObject([{ path }])
  })

  it('names all faults at once', async () => {
    const faults = await dashboard.faults('retention?from=x&to=x&months=x&x=x')
    expect(faults.map(({ path }) => path).sort()).toEqual(['from', 'months', 'to', 'x'])
  })
})
