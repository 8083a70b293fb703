import { z } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import { failures, post, read, remove, write } from '../../src/http/responses.ts'

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
      '429',
      '500',
      '503',
      '504',
    ])
    expect(responses[503].description).toMatch(/database_unavailable.*pool_exhausted/)
    expect(responses[304].headers).toHaveProperty('ETag')
  })
})

describe('write', () => {
  const answer = { description: 'Nothing', schema: z.object({}), examples: {} }

  it('adds what a body and the door can bring', () => {
    const responses = write(200, { ...answer, headers: ['ETag'] }, 'not_found', 'conflict')
    const statuses = [200, 400, 401, 403, 404, 409, 413, 415, 421, 429, 500, 503, 504]
    expect(Object.keys(responses).map(Number)).toEqual(statuses)
    expect(responses[200].headers).toHaveProperty('ETag')
    expect(responses[400].description).toMatch(/validation_failed.*malformed_json/)
  })

  it('names the key of a POST, and that an answer is the stored one', () => {
    const responses = post(201, { ...answer, headers: ['Location'] }, 'conflict')
    expect(Object.keys(responses[201].headers)).toEqual(
      expect.arrayContaining(['Location', 'Idempotency-Replayed']),
    )
    expect(responses[409].description).toMatch(/idempotency_conflict.*conflict/)
  })

  it('answers a DELETE with nothing', () => {
    expect(remove('Deleted', 'not_found')[204]).not.toHaveProperty('content')
  })
})
