import { afterEach, describe, expect, it } from 'vitest'
import { killPrograms, runProgram } from './program.ts'

afterEach(killPrograms)

/** A program that stays alive until it is shut down. */
const program = (lines: string) =>
  runProgram(`
    import { gracefulShutdown } from './shutdown.ts'
    const shutdown = gracefulShutdown()
    const alive = setInterval(() => {}, 1000)
    shutdown.observe = ({ type, error }) => console.log(type, error?.message ?? '')
    ${lines}
    console.log('ready')
  `)

describe('gracefulShutdown', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'closes the last first on %s and exits with 0',
    async (signal) => {
      const { child, said, ended, output } = program(`
        shutdown.defer(async () => console.log('closed pool'))
        shutdown.defer(async () => console.log('closed port'))
        shutdown.signal.addEventListener('abort', () => console.log('aborted'))
      `)
      await said('ready')
      child.kill(signal)
      expect(await ended).toBe(0)
      expect(output().trim().split('\n')).toEqual([
        'ready',
        'aborted',
        'closed port',
        'closed pool',
      ])
    },
  )

  it('goes on closing when one of them fails', async () => {
    const { child, said, ended, output } = program(`
      shutdown.defer(async () => console.log('closed pool'))
      shutdown.defer(() => Promise.reject(new Error('stuck')))
    `)
    await said('ready')
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    expect(output()).toMatch(/close_failed stuck\nclosed pool/)
  })

  it('exits with 130 on a second signal', async () => {
    const { child, said, ended } = program(`
      shutdown.defer(() => { console.log('closing'); return new Promise(() => {}) })
    `)
    await said('ready')
    child.kill('SIGINT')
    await said('closing')
    const again = setInterval(() => child.kill('SIGINT'), 100)
    expect(await ended).toBe(130)
    clearInterval(again)
  })

  it('survives a rejection nobody handled, and tells it', async () => {
    const { child, said, ended } = program(`Promise.reject(new Error('lost'))`)
    await said('ready')
    await said('unhandled_rejection lost')
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('closes and exits with 1 after an exception nobody caught', async () => {
    const { ended, output } = program(`
      shutdown.defer(async () => console.log('closed'))
      setImmediate(() => { throw new Error('thrown') })
    `)
    expect(await ended).toBe(1)
    expect(output()).toMatch(/uncaught_exception thrown\nclosed/)
  })
})

describe('fail', () => {
  it('says why the program could not start, closes what is open and exits with 1', async () => {
    const { ended, output } = program(`
      shutdown.defer(async () => console.log('closed'))
      await shutdown.fail(new Error('No such port.'))
    `)
    expect(await ended).toBe(1)
    expect(output()).toBe('No such port.\nclosed\n')
  })

  it('says nothing when a signal interrupted the start', async () => {
    const { child, said, ended, output } = program(`
      shutdown.signal.addEventListener('abort', () => shutdown.fail(new Error('interrupted')))
    `)
    await said('ready')
    child.kill('SIGINT')
    expect(await ended).toBe(0)
    expect(output()).not.toContain('interrupted')
  })
})
