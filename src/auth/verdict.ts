import type { Caller } from './caller.ts'

/** What was found out about a token. */
export type Verdict = Good | Bad

type Good = {
  readonly caller: Caller
  /** `performance.now()` from which on it is good no more; Infinity for never. */
  readonly goodUntil: number
  readonly use?: Use
}
/** Where uses are written down, and from when on the next is; `performance.now()`. */
export type Use = { readonly keyId: number; from: number }
type Bad = {
  readonly caller: undefined
  /** Why it is refused, for whoever sent it. */
  readonly refusal: string
}

export type Verdicts = {
  /** What is remembered and may be relied on. */
  peek(token: string): Verdict | undefined
  /** The same, or what `judge` finds. @throws what `judge` throws where nothing may stand in for it */
  of(token: string, judge: () => Promise<Verdict>): Promise<Verdict>
  /** What is remembered may be wrong. */
  forget(): void
  /** Every change committed before this instant (`performance.now()`) has been told by `forget`. */
  validate(instant: number): void
}

export type VerdictsOptions = {
  /** ms */
  readonly lifetime: number
  /** ms after the last validation from which on a change may have gone unseen; Infinity where none is to come. */
  readonly validFor?: number
  /** Whether those who ask at the same time wait for one answer: on Workers no request may wait for another's. */
  readonly isShared?: boolean
}

type Remembered = {
  readonly verdict: Verdict
  readonly since: number
  /** Till when it is relied on although a change may have gone unseen: judging it anew has just failed. */
  heldUntil: number
}

/** Of each sort: a crowd of unknown tokens pushes no good one out. */
const most = 10_000
/** ms */
const retryDelay = 1000

/** Remembers verdicts by token, or by whatever stands for it; the oldest go first. */
export function rememberVerdicts(options: VerdictsOptions): Verdicts {
  const { lifetime, validFor = Number.POSITIVE_INFINITY, isShared = true } = options
  const good = new Map<string, Remembered>()
  const bad = new Map<string, Remembered>()
  const flights = new Map<string, Promise<Verdict>>()
  let generation = 0
  let validatedAt = Number.NEGATIVE_INFINITY

  const find = (token: string) => good.get(token) ?? bad.get(token)
  const isAlive = ({ since }: Remembered, now: number) => now - since < lifetime
  const isReliable = (one: Remembered, now: number) =>
    isAlive(one, now) && (now - Math.max(one.since, validatedAt) < validFor || now < one.heldUntil)

  function remember(token: string, verdict: Verdict, since: number) {
    good.delete(token)
    bad.delete(token)
    const own = verdict.caller ? good : bad
    own.set(token, { verdict, since, heldUntil: since })
    for (const [oldest] of own) {
      if (own.size <= most) break
      own.delete(oldest)
    }
  }

  async function judged(token: string, judge: () => Promise<Verdict>): Promise<Verdict> {
    const [since, started] = [performance.now(), generation]
    try {
      const verdict = await judge()
      if (started === generation) remember(token, verdict, since)
      return verdict
    } catch (error) {
      const now = performance.now()
      const known = find(token)
      if (!known || !isAlive(known, now)) throw error
      known.heldUntil = now + retryDelay
      return known.verdict
    }
  }

  return {
    peek(token) {
      const known = find(token)
      return known && isReliable(known, performance.now()) ? known.verdict : undefined
    },
    of(token, judge) {
      if (!isShared) return judged(token, judge)
      const flight = flights.get(token) ?? judged(token, judge)
      flights.set(token, flight)
      const land = () => void (flights.get(token) === flight && flights.delete(token))
      flight.then(land, land)
      return flight
    },
    forget() {
      generation += 1
      good.clear()
      bad.clear()
      flights.clear()
    },
    validate(instant) {
      validatedAt = Math.max(validatedAt, instant)
    },
  }
}
