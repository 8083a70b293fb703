import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openFilesLimit } from '../../src/server/open-files.ts'

it('openFilesLimit is what the system allows, or no limit where it does not say', () => {
  const expected = existsSync('/proc/self/limits')
    ? execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim()
    : 'Infinity'
  expect(String(openFilesLimit())).toBe(expected)
})
