import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { version } from '../../src/http/version.ts'

it('the version is that of package.json', () => {
  expect(version).toBe(JSON.parse(readFileSync('package.json', 'utf8')).version)
})
