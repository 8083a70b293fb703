/** What was counted under a name in the window that runs. */
export type Count = {
  readonly isOver: boolean
  /** Undefined where only the platform knows. */
  readonly remaining: number | undefined
  /** ms until the window ends. */
  readonly left: number
}

/** Counts what comes under a name, so many in a window. */
export type RateLimiter = {
  readonly name: 'key' | 'address' | 'failures'
  /** The most in a window. */
  readonly quota: number
  /** Counts one more; never rejects. */
  readonly count: (name: string) => Promise<Count>
  /** Takes one back. */
  readonly giveBack: (name: string) => Promise<unknown>
}

/** Those that are set; what has no limiter has no limit. */
export type RateLimits = {
  /** Of requests with a good key, by caller. */
  readonly key?: RateLimiter | undefined
  /** Of requests without one, by the client's network. */
  readonly address?: RateLimiter | undefined
  /** Of looked-up keys that were not good, by the client's network. */
  readonly failures?: RateLimiter | undefined
  /** Whether callers on this machine are counted by key, too. */
  readonly isLoopbackLimited?: boolean
}

/** Seconds. */
export const rateWindow = 60

/** Seconds until the window ends, at least 1. */
export const secondsLeft = ({ left }: Count): number => Math.max(1, Math.ceil(left / 1000))

/** https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-10 */
export function rateLimitHeaders({ name, quota }: RateLimiter, count: Count) {
  const policy = `"${name}";q=${quota};w=${rateWindow}`
  if (count.remaining === undefined) return { 'RateLimit-Policy': policy }
  const state = `"${name}";r=${count.remaining};t=${secondsLeft(count)}`
  return { 'RateLimit-Policy': policy, RateLimit: state }
}
