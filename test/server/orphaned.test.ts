import { afterEach, describe, expect, it } from 'vitest'
import { killPrograms, runProgram } from './program.ts'

afterEach(killPrograms)

const orphaned = new URL('../../src/server/orphaned.ts', import.meta.url).href
const watching = `
  import { whenOrphaned } from '${orphaned}'
  const alive = setInterval(() => {}, 1000)
  whenOrphaned(() => { console.log('orphaned'); process.exit(3) })
  console.log('watching', process.pid)`

/** A parent that starts the watching program with its own output and environment. */
const parent = `
  import { spawn } from 'node:child_process'
  spawn(process.execPath, ['--input-type=module-typescript', '--eval', ${JSON.stringify(watching)}], { stdio: 'inherit' })
  setInterval(() => {}, 1000)`

describe.runIf(process.platform !== 'win32')('whenOrphaned', () => {
  it('calls once the parent that npm started is gone', async () => {
    const { child, said } = runProgram(parent, { npm_lifecycle_event: 'start' })
    await said('watching')
    child.kill('SIGKILL')
    await said('orphaned')
  })

  it('leaves a process that npm did not start alone', async () => {
    const { child, said, output } = runProgram(parent)
    await said('watching')
    const pid = Number(/watching (\d+)/.exec(output())?.[1])
    child.kill('SIGKILL')
    // a look comes every 500 ms: another watching program, orphaned at the same time, says when one has passed
    const npm = runProgram(parent, { npm_lifecycle_event: 'start' })
    await npm.said('watching')
    npm.child.kill('SIGKILL')
    await npm.said('orphaned')
    expect(() => process.kill(pid, 'SIGKILL')).not.toThrow()
    expect(output()).not.toContain('orphaned')
  })
})
