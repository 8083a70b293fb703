import { expect, it } from 'vitest'
import { isPackaged, shopboard } from '../src/invocation.ts'

it('is reached by an npm script in a checkout', () => {
  expect([isPackaged, shopboard]).toEqual([false, 'npm run shopboard --'])
})
