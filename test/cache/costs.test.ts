import { describe, expect, it } from 'vitest'
import { loadCosts } from '../../src/cache/costs.ts'

describe('the p95 of a name', () => {
  it('is unknown before 20 loads', () => {
    const costs = loadCosts()
    for (let i = 0; i < 19; i++) costs.record('feed', 5)
    expect(costs.p95('feed')).toBeUndefined()
    costs.record('feed', 5)
    expect(costs.p95('feed')).toBe(5)
  })

  it('is not moved by one load in twenty', () => {
    const costs = loadCosts()
    for (let i = 0; i < 19; i++) costs.record('feed', 1)
    costs.record('feed', 1000)
    expect(costs.p95('feed')).toBe(1)
  })

  it('is that of the last 100 loads', () => {
    const costs = loadCosts()
    for (let i = 0; i < 100; i++) costs.record('feed', 50)
    for (let i = 0; i < 100; i++) costs.record('feed', 2)
    expect(costs.p95('feed')).toBe(2)
  })

  it('is its own', () => {
    const costs = loadCosts()
    for (let i = 0; i < 20; i++) costs.record('feed', 5)
    expect(costs.p95('stats')).toBeUndefined()
  })
})
