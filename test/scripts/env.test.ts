import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { read, root } from '../support/documents.ts'

describe('.env', () => {
  const home = mkdtempSync(join(tmpdir(), 'shopboard-env-'))
  afterAll(() => rmSync(home, { recursive: true }))

  /** What a program that starts in `home` is told and finds. */
  function start() {
    const script = pathToFileURL(join(root, 'scripts/env.js')).href
    const program = 'console.log(process.env.PORT, process.env.HOST)'
    const env = { PATH: process.env.PATH ?? '', PORT: '1' }
    const args = ['--import', script, '--eval', program]
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: home, env })
    return `${stderr}${stdout}`
  }

  it('is not missed where there is none', () => {
    expect(start()).toBe('1 undefined\n')
  })

  it('fills in what the environment leaves out', () => {
    writeFileSync(join(home, '.env'), 'PORT=2\nHOST=::1\n')
    expect(start()).toBe('1 ::1\n')
  })

  it.each(['start', 'shopboard', 'studio', 'psql', 'worker', 'db:push'])(
    'is read by npm run %s',
    (name) => {
      const { scripts } = JSON.parse(read('package.json'))
      expect(scripts[name]).toContain('--import ./scripts/env.js')
    },
  )
})
