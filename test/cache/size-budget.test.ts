import { describe, expect, it } from 'vitest'
import { sizeBudget } from '../../src/cache/size-budget.ts'

function budgetOf(limit: number) {
  const dropped: string[] = []
  return { dropped, ...sizeBudget(limit, (key) => dropped.push(key)) }
}

describe('sizeBudget', () => {
  it('drops what was used longest ago', () => {
    const { add, touch, dropped } = budgetOf(80)
    for (let n = 0; n < 8; n++) add(String(n), 10)
    touch('0')
    add('new', 10)
    expect(dropped).toEqual(['1'])
  })

  it('counts a key once', () => {
    const { add, dropped } = budgetOf(80)
    for (let n = 0; n < 100; n++) add('same', 10)
    expect(dropped).toEqual([])
  })

  it('counts what an entry grows by, and nothing for one that is not there', () => {
    const { add, grow, dropped } = budgetOf(80)
    for (let n = 0; n < 8; n++) add(String(n), 9)
    grow('absent', 1000)
    grow('0', 1)
    expect(dropped).toEqual([])
    for (let n = 1; n < 8; n++) grow(String(n), 1)
    expect(dropped).toEqual([])
    add('new', 1)
    expect(dropped).toEqual(['0'])
  })

  it('drops an entry that outgrows an eighth', () => {
    const { add, grow, dropped } = budgetOf(80)
    add('large', 10)
    grow('large', 1)
    expect(dropped).toEqual(['large'])
  })

  it('keeps nothing that takes more than an eighth', () => {
    const { add, dropped } = budgetOf(80)
    add('large', 11)
    expect(dropped).toEqual(['large'])
  })
})
