import { describe, expect, it } from 'vitest'
import { everyStatement } from '../../src/server/statements.ts'

const names = new Set(everyStatement().map(({ name }) => name))

describe('the statements of the program', () => {
  it('are all of those that its modules make', async () => {
    // after the above: it imports every module there is
    const { writtenNames } = await import('../support/every-statement.ts')
    expect(writtenNames.length).toBeGreaterThan(10)
    expect(writtenNames.filter((name) => !names.has(name))).toEqual([])
  })

  it('have each a name of their own, variants included', () => {
    expect(names.size).toBe(everyStatement().length)
  })
})
