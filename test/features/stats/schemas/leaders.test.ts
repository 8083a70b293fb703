import { describe, expect, it } from 'vitest'
import { useDashboard } from '../app.ts'

describe('a bad query of GET /api/v1/dashboard/leaders', () => {
  const dashboard = useDashboard()

  it.each([
    ['by=sessions', 'by'],
    ['by=posts,comments', 'by'],
    ['by=', 'by'],
    ['by=posts&by=comments', 'by'],
    ['from=2023-02-30', 'from'],
    ['from=2023-02-01T00:00:00Z', 'from'],
    ['to=0000-01-01', 'to'],
    ['from=2024-01-02&to=2024-01-01', 'to'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=9223372036854775808', 'limit'],
    ['limit=ten', 'limit'],
    ['page=2', 'page'],
  ])('refuses %s', async (query, path) => {
    expect(await dashboard.faults(`leaders?${query}`)).toMatchObject([{ path }])
  })

  it('names all faults at once', async () => {
    const faults = await dashboard.faults('leaders?by=x&from=x&to=x&limit=x&x=x')
    expect(faults.map(({ path }) => path).sort()).toEqual(['by', 'from', 'limit', 'to', 'x'])
  })
})
