import { describe, expect, it } from 'vitest'
import { nearestNames } from '../../../src/commands/explain/nearest.ts'

describe('the nearest names', () => {
  const names = ['activity_top', 'activity_page', 'trends', 'fold', 'user_by_id', 'last_migration']

  it.each([
    ['activty_top', 'activity_top'],
    ['page', 'activity_page'],
    ['trend', 'trends'],
    ['odl', 'fold'],
  ])('to "%s" begin with %s', (asked, nearest) => {
    expect(nearestNames(asked, names)[0]).toBe(nearest)
    expect(nearestNames(asked, names)).toHaveLength(5)
  })
})
