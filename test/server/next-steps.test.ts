import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'

const script = '/usr/bin/script'
const groups: number[] = []
afterEach(() => {
  for (const pid of groups.splice(0)) process.kill(-pid, 'SIGKILL')
})

describe('the start', () => {
  const database = useDatabase()

  /** The program with its output to a pipe, or to a terminal that `script` makes. */
  function start(where: 'pipe' | 'terminal') {
    const program = `${process.execPath} --import ./scripts/preload.js src/node.ts`
    const [command, args] =
      where === 'pipe' ? ['/bin/sh', ['-c', program]] : [script, ['-qfec', program, '/dev/null']]
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH ?? '', PORT: '0', DATABASE_URL: database.url },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    if (child.pid) groups.push(child.pid)
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    return () => output
  }

  it.skipIf(!existsSync(script))(
    'tells a person at a terminal what to open and try, and nothing that looks like a fault',
    async () => {
      const output = start('terminal')
      await expect.poll(output).toMatch(/Shopboard is at [\s\S]*npm run studio/)
      const [, url] = /Shopboard is at (\S+)/.exec(output()) ?? []
      expect(output()).toContain(`${url}/docs`)
      const [, tried = ''] = /curl '([^']+)'/.exec(output()) ?? []
      expect((await fetch(tried)).status).toBe(200)
      expect(output()).not.toContain('{')
    },
  )

  it('tells machines where it is, in one line', async () => {
    const output = start('pipe')
    await expect.poll(output).toMatch(/Shopboard is at .*\n/)
    expect(output().split('\n')).toHaveLength(2)
  })
})
