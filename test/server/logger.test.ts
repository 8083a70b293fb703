import { describe, expect, it } from 'vitest'
import { runProgram } from './program.ts'

const logged = async (level: string, options = {}) => {
  const { ended, output } = runProgram(`
    import { openLog } from './logger.ts'
    const observe = openLog('${level}', ${JSON.stringify(options)})
    observe({ type: 'request', requestId: 'r1', method: 'GET', path: '/', status: 200, duration: 1 })
    observe({ type: 'cache', name: 'activity', outcome: 'hit' })
    observe({ type: 'fold_failed', error: new Error('the reason') })
  `)
  expect(await ended).toBe(0)
  const lines = output().trim().split('\n').filter(Boolean)
  return lines.map((line): Record<string, unknown> => JSON.parse(line))
}

describe('openLog', () => {
  it('writes what happened as one JSON object a line', async () => {
    expect(await logged('info')).toEqual([
      {
        level: 50,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        msg: 'A fold failed',
        error: expect.stringContaining('the reason'),
      },
    ])
  })

  it('writes each request at debug', async () => {
    const [request, failure] = await logged('debug')
    expect(request).toMatchObject({ level: 20, msg: 'request', requestId: 'r1', status: 200 })
    expect(failure).toMatchObject({ msg: 'A fold failed' })
  })

  it('writes each request at info where access is logged', async () => {
    const [request] = await logged('info', { isAccessLogged: true })
    expect(request).toMatchObject({ level: 30, msg: 'request', requestId: 'r1', status: 200 })
  })

  it('writes nothing when silent', async () => {
    expect(await logged('silent')).toEqual([])
  })
})
