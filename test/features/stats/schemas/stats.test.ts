import { describe, expect, it } from 'vitest'
import { useDashboard } from '../app.ts'

describe('a bad query of GET /api/v1/dashboard/stats', () => {
  const dashboard = useDashboard()

  it.each([
    'window=0d',
    'window=366d',
    'window=-1d',
    'window=7',
    'window=7D',
    'window=',
    'window=1.5d',
    `window=${'9'.repeat(300)}d`,
    'window=7%00d',
    'window=7d&window=8d',
  ])('refuses %s', async (query) => {
    expect(await dashboard.faults(`stats?${query}`)).toMatchObject([{ path: 'window' }])
  })

  it('names an unknown parameter beside a faulty one', async () => {
    const faults = await dashboard.faults('stats?window=x&days=7')
    expect(faults.map(({ path }) => path).sort()).toEqual(['days', 'window'])
  })
})
