import { describe, expect, it } from 'vitest'
import { tokenOf } from '../../src/auth/bearer.ts'
import { AppError } from '../../src/errors/error.ts'

function refusalOf(authorization: string | undefined): string | undefined {
  try {
    tokenOf(authorization)
    return undefined
  } catch (error) {
    return error instanceof AppError ? error.challenge : undefined
  }
}

describe('the token of a header', () => {
  it.each(['Bearer sb_1', 'bearer sb_1', 'BEARER   sb_1'])('is found in %j', (authorization) => {
    expect(tokenOf(authorization)).toBe('sb_1')
  })

  it('may be a JSON Web Token', () => {
    expect(tokenOf('Bearer eyJ.eyJ_-.a-b_c=')).toBe('eyJ.eyJ_-.a-b_c=')
  })

  it.each([undefined, '', 'Basic c2I6', 'sb_1', 'Bearersb_1', 'Token sb_1', 'X Bearer sb_1'])(
    'is asked for where there is none: %j',
    (authorization) => {
      expect(refusalOf(authorization)).toBe('Bearer')
    },
  )

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer sb_1 sb_2',
    'Bearer sb_1, Bearer sb_2',
    'Bearer sb_1,',
    'Bearer "sb_1"',
    'Bearer sb_é',
    'Bearer sb_1\u0000',
    'Bearer\tsb_1',
    `Bearer ${'a'.repeat(100_000)}`,
  ])('is none: %j', (authorization) => {
    expect(refusalOf(authorization)).toBe('Bearer error="invalid_token"')
  })
})
