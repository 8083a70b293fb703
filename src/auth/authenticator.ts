import type { Pool } from '../db/database.ts'
import { AppError, invalidToken } from '../errors/error.ts'
import { tokenOf } from './bearer.ts'
import type { Caller } from './caller.ts'
import { hashOf, isKey } from './key.ts'
import { lookUpKey, noteUse } from './look-up.ts'
import { rememberVerdicts, type Verdict, type VerdictsOptions } from './verdict.ts'

export type AuthenticatorOptions = VerdictsOptions & {
  /** ms a look-up may take. */
  readonly deadline: number
  /** SHA-256 as hexadecimal digits, where the runtime has a faster one. */
  readonly digest?: (text: string) => string
  /** Judges what is no key: a JSON Web Token of an issuer that is trusted. */
  readonly judgeToken?: ((token: string) => Promise<Verdict>) | undefined
  /** What of a use could not be written down. */
  readonly onUseFailed: (error: unknown) => void
}

/** What a look-up works with: connections that no request holds while it waits for one; and what need not be waited for. */
export type LookUp = {
  readonly pool: Pool
  readonly inBackground: (work: (pool: Pool) => Promise<void>) => void
  /** May throw instead of judging: whoever sends one bad token after the other is not heard again and again. */
  readonly guard?: (judge: () => Promise<Verdict>) => Promise<Verdict>
}

export type Authenticator = {
  /** At once where the token is known. @throws AppError unauthenticated, database_unavailable */
  callerOf(authorization: string | undefined, lookUp: LookUp): Caller | Promise<Caller>
  /** Who it is, or that he is refused, where that is known without asking the database. */
  peek(authorization: string | undefined): Caller | 'refused' | undefined
  /** Keys were changed, by anyone. */
  forget(): void
  /** Every change committed before this instant (`performance.now()`) has been told by `forget`. */
  validate(instant: number): void
}

/** Keys and tokens that are known to have been good, at most. */
const mostGood = 10_000

/** Tells who sends an `Authorization` header. What is no key by its form or checksum is refused without a query. */
export function authenticator(options: AuthenticatorOptions): Authenticator {
  const { deadline, digest = hashOf, judgeToken, onUseFailed } = options
  const verdicts = rememberVerdicts(options)
  /** Of the header seen last: admission and the app ask for the same one. */
  let last: { authorization: string | undefined; credentials: Credentials } | undefined

  function read(authorization: string | undefined): Credentials {
    if (last?.authorization === authorization && last) return last.credentials
    const token = tokenOf(authorization)
    const isOurs = isKey(token)
    if (!isOurs && !(judgeToken && token.includes('.'))) throw invalidToken('This is no key.')
    const credentials = { token, isOurs, hash: digest(token) }
    last = { authorization, credentials }
    return credentials
  }

  /** Hashes of those that were good when they were last looked up, whatever was forgotten since. */
  const good = new Set<string>()

  function note(hash: string, { caller }: Verdict): void {
    good.delete(hash)
    if (!caller) return
    good.add(hash)
    const [oldest] = good
    if (good.size > mostGood && oldest !== undefined) good.delete(oldest)
  }

  /** What was good is looked up unguarded: others at its address cannot lock it out. */
  async function judge({ token, isOurs, hash }: Credentials, { pool, guard }: LookUp) {
    const judging = () =>
      !isOurs && judgeToken ? judgeToken(token) : lookUpKey(pool, hash, deadline)
    const verdict = await (guard && !good.has(hash) ? guard(judging) : judging())
    note(hash, verdict)
    return verdict
  }

  function admit(verdict: Verdict, { inBackground }: LookUp): Caller {
    const caller = callerIn(verdict)
    const use = verdict.caller && verdict.use
    if (use && performance.now() >= use.from)
      inBackground((pool) => noteUse(pool, use).catch(onUseFailed))
    return caller
  }

  return {
    callerOf(authorization, lookUp) {
      const credentials = read(authorization)
      const known = verdicts.peek(credentials.hash)
      if (known) return admit(known, lookUp)
      return verdicts
        .of(credentials.hash, () => judge(credentials, lookUp))
        .then((verdict) => admit(verdict, lookUp))
    },
    peek(authorization) {
      try {
        const known = verdicts.peek(read(authorization).hash)
        return known && callerIn(known)
      } catch (error) {
        if (error instanceof AppError) return 'refused'
        throw error
      }
    },
    forget: verdicts.forget,
    validate: verdicts.validate,
  }
}

type Credentials = { readonly token: string; readonly isOurs: boolean; readonly hash: string }

/** @throws AppError unauthenticated where it is refused, or was good and is no more */
function callerIn(verdict: Verdict): Caller {
  if (!verdict.caller) throw invalidToken(verdict.refusal)
  if (performance.now() >= verdict.goodUntil) throw invalidToken('The key is expired.')
  return verdict.caller
}
