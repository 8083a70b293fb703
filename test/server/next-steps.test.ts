import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { useDatabase } from '../support/database.ts'
import { insertKey } from '../support/keys.ts'

const script = '/usr/bin/script'
const groups: number[] = []
afterEach(() => {
  for (const pid of groups.splice(0)) process.kill(-pid, 'SIGKILL')
})

const database = useDatabase()

/** The program with its output to a pipe, or to a terminal that `script` makes. */
function start(where: 'pipe' | 'terminal', env: Readonly<Record<string, string>> = {}) {
  const program = `${process.execPath} --import ./scripts/preload.js src/node.ts`
  const [command, args] =
    where === 'pipe' ? ['/bin/sh', ['-c', program]] : [script, ['-qfec', program, '/dev/null']]
  const child = spawn(command, args, {
    env: { PATH: process.env.PATH ?? '', PORT: '0', DATABASE_URL: database.url, ...env },
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

describe('the start', () => {
  it.skipIf(!existsSync(script))(
    'tells a person at a terminal what to open and try, and nothing that looks like a fault',
    async () => {
      const output = start('terminal', { AUTH: 'off' })
      await expect.poll(output).toMatch(/Shopboard is at [\s\S]*npm run studio/)
      const [, url] = /Shopboard is at (\S+)/.exec(output()) ?? []
      expect(output()).toContain(`${url}/docs`)
      const [, tried = ''] = /curl '([^']+)'/.exec(output()) ?? []
      expect((await fetch(tried)).status).toBe(200)
      expect(output()).not.toContain('{')
    },
  )

  it('tells machines where it is, in one line', async () => {
    await insertKey(database.sql)
    const output = start('pipe')
    await expect.poll(output).toMatch(/Shopboard is at .*\n/)
    expect(output().split('\n')).toHaveLength(2)
  })
})

describe('a start that lets anyone in', () => {
  it('says so', async () => {
    const output = start('pipe', { AUTH: 'off' })
    await expect.poll(output).toMatch(/^AUTH=off: whoever reaches .*\nShopboard is at /)
  })
})
