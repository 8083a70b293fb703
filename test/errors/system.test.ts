import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { systemCodeOf } from '../../src/errors/system.ts'

it('reads the code of a failed system call, and nothing else', () => {
  let thrown: unknown
  try {
    readFileSync('/does/not/exist')
  } catch (error) {
    thrown = error
  }
  expect(systemCodeOf(thrown)).toBe('ENOENT')
  for (const other of [new Error('x'), Object.assign(new Error('x'), { code: 7 }), 'ENOENT', null])
    expect(systemCodeOf(other)).toBeUndefined()
})
