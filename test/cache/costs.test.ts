import { describe, expect, it } from 'vitest'
import { loadCosts } from '../../src/cache/costs.ts'

describe('loadCosts', () => {
  it('knows no p95 before 20 loads of a name, and none of another', () => {
    const costs = loadCosts()
    for (let n = 1; n < 20; n += 1) costs.record('stats', n)
    expect(costs.p95('stats')).toBeUndefined()
    costs.record('stats', 20)
    expect(costs.p95('stats')).toBe(19)
    expect(costs.p95('activity')).toBeUndefined()
  })

  it('forgets what is older than the last 100 loads', () => {
    const costs = loadCosts()
    for (let n = 0; n < 100; n += 1) costs.record('stats', 50)
    for (let n = 0; n < 100; n += 1) costs.record('stats', 2)
    expect(costs.p95('stats')).toBe(2)
  })
})
