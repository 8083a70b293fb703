import type { Config } from '../config.ts'
import type { Bindings, PlatformLimiter } from '../http/context.ts'
import { type RateLimiter, type RateLimits, rateWindow } from '../http/limits.ts'

/**
 * Those limits for which wrangler.toml binds a limiter. The platform says neither what is left nor when the window ends, and
 * takes nothing back: failures have no limit of their own.
 */
export const edgeLimits = (
  { KEY_LIMITER, ADDRESS_LIMITER }: Bindings,
  { rateLimitKey, rateLimitAddress }: Config,
): RateLimits => ({
  key: limiterOf('key', KEY_LIMITER, rateLimitKey),
  address: limiterOf('address', ADDRESS_LIMITER, rateLimitAddress),
})

function limiterOf(
  name: RateLimiter['name'],
  binding: PlatformLimiter | undefined,
  quota: number | 'off',
): RateLimiter | undefined {
  if (!binding || quota === 'off') return undefined
  return {
    name,
    quota,
    async count(key) {
      const { success } = await binding.limit({ key })
      return { isOver: !success, remaining: undefined, left: rateWindow * 1000 }
    },
    giveBack: async () => {},
  }
}
