import { describe, expect, it } from 'vitest'
import { failures } from '../../src/http/responses.ts'

describe('failures', () => {
  it('declares one response for each status, with the codes it can carry', () => {
    const responses = failures('validation_failed', 'invalid_cursor', 'not_found')
    expect(Object.keys(responses)).toEqual(['400', '404', '500', '503', '504'])
    expect(responses[400].description).toMatch(/validation_failed.*invalid_cursor/)
    expect(responses[503].description).toMatch(/database_unavailable.*pool_exhausted/)
    expect(responses[404].content).toHaveProperty(['application/problem+json', 'schema'])
  })
})
