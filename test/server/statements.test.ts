import { describe, expect, it } from 'vitest'
import { programStatements } from '../support/program.ts'

const { all } = await programStatements()
const names = new Set(all.map(({ name }) => name))

describe('the statements of the program', () => {
  it('are all of those that its modules make', async () => {
    // after the above: it imports every module there is
    const { writtenNames } = await import('../support/every-statement.ts')
    expect(writtenNames.length).toBeGreaterThan(10)
    expect(writtenNames.filter((name) => !names.has(name))).toEqual([])
  })

  it('have each a name of their own, variants included', () => {
    expect(names.size).toBe(all.length)
  })
})
