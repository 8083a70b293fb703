import { describe, expect, it } from 'vitest'
import { databaseUnavailable, overloaded, poolExhausted, timeout } from '../../src/errors/error.ts'
import { logRecordOf } from '../../src/observability/log-record.ts'
import { createTestApp } from '../support/app.ts'

const request = { requestId: 'r1', method: 'GET', path: '/api/v1/activity' }

describe('the line of an error', () => {
  it('has the request id, the SQL and the stacks down to the cause, and no value of the query', async () => {
    const app = await createTestApp()
    await app.sql`alter table users rename to elsewhere`
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    await app.request('/api/v1/activity?authorId=918273645', {
      headers: { 'X-Request-Id': 'r1', traceparent: `00-${trace}-00f067aa0ba902b7-01` },
    })
    const error = app.observed.find(({ type }) => type === 'error')
    const line = error && logRecordOf(error)
    expect(line).toMatchObject({
      level: 'error',
      fields: { requestId: 'r1', path: '/api/v1/activity', status: 500, traceId: trace },
    })
    expect(line?.fields.sql).toMatch(/select/i)
    expect(line?.fields.error).toMatch(/relation "users" does not exist[\s\S]*at /)
    expect(JSON.stringify(line)).not.toContain('918273645')
    await app.close()
  })

  it('ends where causes go round', () => {
    const one = new Error('one')
    const other = new Error('other', { cause: one })
    one.cause = other
    const line = logRecordOf({
      type: 'error',
      ...request,
      status: 500,
      isClientGone: false,
      error: one,
    })
    expect(line?.fields.error).toMatch(/one[\s\S]*caused by: [\s\S]*other/)
  })
})

describe('the line of a failure under load', () => {
  const failed = (error: Error, more: { path?: string; isClientGone?: boolean } = {}) =>
    logRecordOf({
      type: 'error',
      ...request,
      status: 503,
      isClientGone: false,
      error,
      ...more,
    })

  it.each([poolExhausted(), overloaded()])('of a refusal is short and no error', (error) => {
    const line = failed(error)
    expect(line).toMatchObject({ level: 'info', sampleKey: error.code })
    expect(JSON.stringify(line).length).toBeLessThan(300)
    expect(error.stack).not.toMatch(/ at /)
  })

  it('of a client that hung up is for debug', () => {
    expect(failed(timeout(new Error('aborted')), { isClientGone: true })).toMatchObject({
      level: 'debug',
    })
  })

  it('has 500 characters of the SQL at most', () => {
    const error = Object.assign(new Error('cancelled'), {
      code: '57014',
      query: 'select 1 '.repeat(1000),
    })
    const line = failed(error)
    expect(line).toMatchObject({ level: 'error', sampleKey: 'timeout' })
    expect(String(line?.fields.sql)).toHaveLength(501)
  })

  it('of a readiness check is for debug: the watcher tells that the database is away', () => {
    expect(failed(databaseUnavailable(), { path: '/readyz' })?.level).toBe('debug')
  })
})

describe('the line of a request', () => {
  it.each([
    [12, 'debug'],
    [1000, 'info'],
  ])('that took %d ms is for %s', (duration, level) => {
    const line = logRecordOf({ type: 'request', ...request, status: 200, duration })
    expect(line).toMatchObject({ level, fields: { ...request, status: 200, duration } })
  })

  it('names no client', () => {
    const observed = { type: 'request', ...request, status: 200, duration: 1 } as const
    const line = logRecordOf({ ...observed, address: '203.0.113.7' })
    expect(line?.fields).not.toHaveProperty('address')
  })
})

describe('the line of a request where access is logged', () => {
  it.each([12, 1000])('that took %d ms is for info, each with its line', (duration) => {
    const address = '203.0.113.7'
    const observed = { type: 'request', ...request, status: 200, duration, address } as const
    const line = logRecordOf(observed, { isAccessLogged: true })
    expect(line).toEqual({
      level: 'info',
      message: 'request',
      fields: { ...request, status: 200, duration, address },
    })
  })
})

describe('the line of a failure behind the requests', () => {
  it.each([
    ['fold_failed', 'A fold failed'],
    ['close_failed', 'Closing failed'],
    ['unhandled_rejection', 'A rejection was not handled'],
    ['uncaught_exception', 'An exception was not caught'],
  ] as const)('says what %s means, and why', (type, message) => {
    const error = new Error('outer', { cause: new Error('the reason') })
    const line = logRecordOf({ type, error })
    expect(line).toMatchObject({ level: 'error', message })
    expect(line?.fields.error).toMatch(/outer[\s\S]*caused by: [\s\S]*the reason/)
  })

  it('tells a rejection without a reason, and one that is no error', () => {
    const type = 'unhandled_rejection'
    expect(logRecordOf({ type, error: undefined })?.fields).toEqual({})
    expect(logRecordOf({ type, error: 'no' })?.fields).toEqual({ error: 'no' })
  })

  it.each([
    ['server_lost', 'error', 'The embedded PostgreSQL ended'],
    ['server_restarted', 'info', 'The embedded PostgreSQL is back'],
  ] as const)('says what %s means', (type, level, message) => {
    expect(logRecordOf({ type })).toEqual({ level, message, fields: {} })
  })

  it('says where limits are counted', () => {
    const down = logRecordOf({ type: 'redis', state: 'down', error: new Error('refused') })
    expect(down).toMatchObject({
      level: 'warn',
      fields: { error: expect.stringMatching('refused') },
    })
    expect(logRecordOf({ type: 'redis', state: 'up' })?.level).toBe('info')
    const refused = logRecordOf({ type: 'rate_limited', limit: 'key', by: 'key:1' })
    expect(refused).toMatchObject({ level: 'info', fields: { limit: 'key', by: 'key:1' } })
    expect(refused?.sampleKey).toBeDefined()
  })

  it('says when the database goes and when it is back', () => {
    const down = logRecordOf({ type: 'watcher', state: 'down', error: new Error('refused') })
    expect(down).toMatchObject({ level: 'warn', message: 'The database does not answer' })
    expect(logRecordOf({ type: 'watcher', state: 'up' })?.level).toBe('info')
  })

  it('says when it answers and cannot be served, and why', () => {
    const error = new Error('it has no public.users')
    const unfit = logRecordOf({ type: 'watcher', state: 'unfit', error })
    expect(unfit).toMatchObject({ level: 'error', message: 'The database cannot be served' })
    expect(unfit?.fields).toEqual({ error: expect.stringContaining('it has no public.users') })
  })

  it('says why nothing is folded here, and when it is', () => {
    const reason = 'the database is a standby'
    expect(logRecordOf({ type: 'folds_barred', reason })).toMatchObject({
      level: 'warn',
      fields: { reason },
    })
    expect(logRecordOf({ type: 'folds_barred', reason: undefined })?.level).toBe('info')
  })
})

describe('what happens a thousand times a second', () => {
  it('has no line', () => {
    expect(logRecordOf({ type: 'cache', name: 'activity', outcome: 'hit' })).toBeUndefined()
    expect(logRecordOf({ type: 'database', event: { type: 'acquired', wait: 0 } })).toBeUndefined()
  })
})
