import { z } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import { failures, read } from '../../src/http/responses.ts'

describe('failures', () => {
  it('declares one response for each status, with the codes it can carry and no other', () => {
    const responses = failures('validation_failed', 'not_found', 'invalid_cursor')
    expect(Object.keys(responses)).toEqual(['400', '404'])
    expect(responses[400].description).toMatch(/validation_failed.*invalid_cursor/)
    const { schema } = responses[400].content['application/problem+json']
    expect(schema.shape.code.options).toEqual(['validation_failed', 'invalid_cursor'])
    expect(schema.shape.status.value).toBe(400)
  })

  it('names Retry-After where another try may succeed', () => {
    const responses = failures('overloaded', 'timeout')
    expect(responses[503].headers).toHaveProperty('Retry-After')
    expect(responses[504].headers).not.toHaveProperty('Retry-After')
  })
})

describe('read', () => {
  it('adds 304 and what any use of the database can bring', () => {
    const answer = { description: 'Nothing', schema: z.object({}), examples: {} }
    const responses = read(answer, 'not_found')
    expect(Object.keys(responses)).toEqual([
      '200',
      '304',
      '400',
      '401',
      '403',
      '404',
      '421',
      '500',
      '503',
      '504',
    ])
    expect(responses[503].description).toMatch(/database_unavailable.*pool_exhausted/)
    expect(responses[304].headers).toHaveProperty('ETag')
  })
})
