import { describe, expect, it } from 'vitest'
import { authenticator } from '../../src/auth/authenticator.ts'
import type { Verdict } from '../../src/auth/verdict.ts'
import type { Pool } from '../../src/db/database.ts'
import { AppError } from '../../src/errors/error.ts'

/** Tokens are judged without a database. */
const pool = {} as Pool
const good: Verdict = { caller: { actor: 'jwt:ada', scopes: ['read'] }, goodUntil: Infinity }
const bad: Verdict = { caller: undefined, refusal: 'It was revoked.' }

function known() {
  let verdict = good
  const callers = authenticator({
    lifetime: 60_000,
    deadline: 1000,
    judgeToken: async () => verdict,
    onUseFailed: () => {},
  })
  const lookUp = {
    pool,
    inBackground: () => {},
    guard: async (): Promise<Verdict> => {
      throw new AppError('rate_limited')
    },
  }
  return {
    ask: async (isGuarded: boolean) =>
      callers.callerOf(
        'Bearer a.b.c',
        isGuarded ? lookUp : { ...lookUp, guard: (judge) => judge() },
      ),
    forget: callers.forget,
    revoke: () => {
      verdict = bad
    },
  }
}

describe('a caller whose address sent too many keys that are none', () => {
  it('is let in where the key was good before, whatever was forgotten since', async () => {
    const { ask, forget } = known()
    await expect(ask(true)).rejects.toMatchObject({ code: 'rate_limited' })
    await ask(false)
    forget()
    expect(await ask(true)).toEqual(good.caller)
  })

  it('is guarded against again once the key was found revoked', async () => {
    const { ask, forget, revoke } = known()
    await ask(false)
    revoke()
    forget()
    await expect(ask(true)).rejects.toMatchObject({ code: 'unauthenticated' })
    forget()
    await expect(ask(true)).rejects.toMatchObject({ code: 'rate_limited' })
  })
})
