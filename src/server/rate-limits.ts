import type { RateLimiterMemory } from 'rate-limiter-flexible'
import { type RateLimiter, type RateLimits, rateWindow } from '../http/limits.ts'
import type { Observer } from '../observability/observation.ts'
import { openRedis } from './redis.ts'

/** As `config` has it: requests a minute, and where all servers count together instead of each in its memory. */
export type RateLimitOptions = {
  readonly isAuthenticating: boolean
  readonly rateLimitKey: number | 'off'
  readonly rateLimitAddress: number | 'off'
  readonly isLoopbackLimited: boolean
  readonly redisUrl: string | undefined
}

/** Keys that are looked up for an address in vain, a minute. */
const failuresPerMinute = 20
/** Names that one limiter keeps in memory, some 500 bytes each; beyond, the oldest are forgotten. */
const mostNames = 50_000

/** Opens the limiters that are set, and Redis where its URL is; none where nobody shows a key and no address is counted. */
export async function openRateLimits(
  options: RateLimitOptions,
  observe: Observer,
): Promise<(RateLimits & { readonly close: () => void }) | undefined> {
  const { isAuthenticating, rateLimitKey, rateLimitAddress, isLoopbackLimited, redisUrl } = options
  if (!isAuthenticating && rateLimitAddress === 'off') return undefined
  const { RateLimiterMemory, RateLimiterRedis } = await import('rate-limiter-flexible')
  const redis = redisUrl === undefined ? undefined : await openRedis(redisUrl, observe)

  function limiterOf(name: RateLimiter['name'], quota: number | 'off'): RateLimiter | undefined {
    if (quota === 'off') return undefined
    const window = { points: quota, duration: rateWindow }
    const memory = forgetful(new RateLimiterMemory({ ...window, keyPrefix: '' }))
    if (!redis) return limiterBy(memory, name, quota)
    const shared = new RateLimiterRedis({
      ...window,
      keyPrefix: `shopboard:limit:${name}`,
      storeClient: redis.client,
      rejectIfRedisNotReady: true,
    })
    const either: Counting = {
      penalty: (by) =>
        redis.orElse(
          () => shared.penalty(by),
          () => memory.penalty(by),
        ),
      reward: (by) =>
        redis.orElse(
          () => shared.reward(by),
          () => memory.reward(by),
        ),
    }
    return limiterBy(either, name, quota)
  }
  return {
    key: limiterOf('key', rateLimitKey),
    address: limiterOf('address', rateLimitAddress),
    failures: limiterOf('failures', failuresPerMinute),
    isLoopbackLimited,
    close: () => redis?.close(),
  }
}

/** One more, and one less: unlike `consume` they do not reject what is over. */
type Counting = Pick<RateLimiterMemory, 'penalty' | 'reward'>

const limiterBy = (counting: Counting, name: RateLimiter['name'], quota: number): RateLimiter => ({
  name,
  quota,
  count: (by) =>
    counting.penalty(by).then(({ consumedPoints, remainingPoints, msBeforeNext }) => ({
      isOver: consumedPoints > quota,
      remaining: remainingPoints,
      left: msBeforeNext,
    })),
  giveBack: (by) => counting.reward(by),
})

/** The package keeps every name until its window ends, however many come. */
function forgetful(limiter: RateLimiterMemory): Counting {
  const known = new Set<string | number>()
  function note(name: string | number) {
    known.add(name)
    if (known.size > mostNames) forgetOldest(mostNames / 100)
  }
  /** Many at once: finding the first of a set costs more the more were taken from its beginning. */
  function forgetOldest(surplus: number) {
    let left = surplus
    for (const name of known) {
      known.delete(name)
      void limiter.delete(name)
      left -= 1
      if (left === 0) return
    }
  }
  return {
    penalty(name) {
      if (!known.has(name)) note(name)
      return limiter.penalty(name)
    },
    reward: (name) => limiter.reward(name),
  }
}
