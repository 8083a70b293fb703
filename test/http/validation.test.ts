import { z } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../src/errors/error.ts'
import { rejectInvalid } from '../../src/http/validation.ts'

const schema = z.strictObject({
  page: z.string().optional(),
  items: z.array(z.object({ email: z.email('must be an e-mail address') })).optional(),
})

function errorsFor(input: unknown) {
  try {
    rejectInvalid(schema.safeParse(input))
    return undefined
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    expect(error.code).toBe('validation_failed')
    return error.errors
  }
}

describe('rejectInvalid', () => {
  it('lets valid input pass', () => {
    expect(errorsFor({ page: '1' })).toBeUndefined()
  })

  it('names each unknown parameter', () => {
    expect(errorsFor({ colour: 'red', size: '1' })).toEqual([
      { path: 'colour', message: 'is not a parameter here' },
      { path: 'size', message: 'is not a parameter here' },
    ])
  })

  it('knows a repeated parameter, which Hono passes as an array', () => {
    expect(errorsFor({ page: ['1', '2'] })).toEqual([
      { path: 'page', message: 'must be given once' },
    ])
  })

  it('names a field inside a list by its whole path', () => {
    expect(errorsFor({ items: [{ email: 'a@example.com' }, { email: 'me' }] })).toEqual([
      { path: 'items.1.email', message: 'must be an e-mail address' },
    ])
  })
})
