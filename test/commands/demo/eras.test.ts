import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { apportion } from '../../../src/commands/demo/eras.ts'

describe('apportion', () => {
  it('splits a whole number by weights, the first part at least 1, and loses nothing', () => {
    const weights = fc.array(fc.double({ min: 0.001, max: 1000, noNaN: true }), { minLength: 1 })
    fc.assert(
      fc.property(weights, fc.integer({ min: 1, max: 1_000_000 }), (given, whole) => {
        const partOf = apportion(given)
        const parts = given.map((_, index) => partOf(whole, index))
        const sum = given.reduce((all, weight) => all + weight, 0)
        expect(parts.reduce((all, part) => all + part, 0)).toBe(whole)
        expect(parts[0]).toBeGreaterThanOrEqual(1)
        parts.forEach((part, index) => {
          expect(Math.abs(part - (whole * (given[index] ?? 0)) / sum)).toBeLessThanOrEqual(1.001)
        })
      }),
    )
  })
})
