import { describe, expect, it } from 'vitest'
import { traceOf } from '../../src/http/trace.ts'
import { createTestApp } from '../support/app.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'
const named = `${traceId}-${parentId}`

describe('traceOf', () => {
  it.each([
    ['of version 00', `00-${named}-01`],
    ['of a version to come', `cc-${named}-01`],
    ['of a version to come with more behind', `cc-${named}-01-what-the-future-brings`],
  ])('reads a header %s', (_, header) => {
    expect(traceOf(header)).toEqual({ traceId, parentId })
  })

  it.each([
    ['absent', undefined],
    ['empty', ''],
    ['without its flags', `00-${named}`],
    ['with more than version 00 has', `00-${named}-01-more`],
    ['with more behind, not set off', `cc-${named}-01more`],
    ['of the forbidden version', `ff-${named}-01`],
    ['with a trace of zeros', `00-${'0'.repeat(32)}-${parentId}-01`],
    ['with a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['in upper case', `00-${named.toUpperCase()}-01`],
    ['with a line break', `00-${traceId}-${parentId}-01\n{"level":50}`],
  ])('takes nothing from one that is %s', (_, header) => {
    expect(traceOf(header)).toBeUndefined()
  })
})

describe('a request', () => {
  it('is observed with the trace its caller named', async () => {
    const app = await createTestApp()
    await app.request('/livez', { headers: { traceparent: `00-${named}-01` } })
    await app.request('/livez', { headers: { traceparent: 'nonsense' } })
    const [traced, other] = app.observed
    expect(traced).toMatchObject({ type: 'request', path: '/livez', traceId, parentId })
    expect(other).not.toHaveProperty('traceId')
    await app.close()
  })
})
