import type { Context, MiddlewareHandler } from 'hono'
import { AppError, rateLimited } from '../errors/error.ts'
import { isLoopback, networkOf } from './address.ts'
import type { AppEnv } from './context.ts'
import { type Count, type RateLimiter, rateLimitHeaders, secondsLeft } from './limits.ts'
import { renderProblem } from './problems.ts'

/** Counts each request of a caller who was let in: by its key, or by address while authentication is off. */
export const limitCallers: MiddlewareHandler<AppEnv> = function limitCallers(c, next) {
  const { limits } = c.get('services')
  if (!limits || c.req.method === 'OPTIONS') return next()
  const { actor } = c.get('caller')
  if (actor === 'anyone') {
    if (!limits.address) return next()
    return take(c, limits.address, networkFor(c)).then(next)
  }
  // what a proxy on this machine passes on comes from elsewhere, also where nobody said to trust it
  const isLocal = isLoopback(c.get('address') ?? '') && !c.req.header('x-forwarded-for')
  const isSpared = !limits.isLoopbackLimited && isLocal
  if (!limits.key || isSpared) return next()
  return take(c, limits.key, actor.slice(0, longestName)).then(next)
}

/** Answers 429 in place of 401 where too many came from the address without a good key. */
export const limitStrangers: MiddlewareHandler<AppEnv> = function limitStrangers(c, next) {
  const limiter = c.get('services').limits?.address
  return limiter ? next().then(() => countRefused(c, limiter)) : next()
}

async function countRefused(c: Context<AppEnv>, limiter: RateLimiter): Promise<void> {
  if (c.res.status !== 401) return
  const error = await take(c, limiter, networkFor(c)).catch((thrown: unknown) => thrown)
  if (!(error instanceof AppError)) return
  c.res = undefined // its headers would go on to the next one
  c.res = renderProblem(c, error)
}

/** Look-ups for one name: those under way, and what those that wait are told when one ends, or that too many failed. */
type Lane = { underWay: number; readonly waiting: ((over?: Count) => void)[] }
const lanes = new WeakMap<RateLimiter, Map<string, Lane>>()

/**
 * Looks a key up, unless too many that came from the address were not good: then it is refused without a query. Those
 * whose look-up is under way count as failed until it ends; who is one too many by them waits. @throws AppError `rate_limited`
 */
export async function guardLookUp<T>(
  c: Context<AppEnv>,
  lookUp: () => Promise<T>,
  isGood: (found: T) => boolean,
): Promise<T> {
  const limiter = c.get('services').limits?.failures
  if (!limiter) return lookUp()
  const name = networkFor(c)
  const lane = laneOf(limiter, name)
  const count = await enter(lane, limiter, name)
  if (count.isOver) refuse(c, limiter, count, name)
  let isFailure = false
  try {
    const found = await lookUp()
    isFailure = !isGood(found)
    if (isFailure) c.set('rateLimit', rateLimitHeaders(limiter, count))
    return found
  } finally {
    if (!isFailure) await limiter.giveBack(name)
    leave(lane, limiter, name)
    if (!isFailure || lane.underWay === 0) lane.waiting.shift()?.()
  }
}

function laneOf(limiter: RateLimiter, name: string): Lane {
  const byName = lanes.get(limiter) ?? new Map<string, Lane>()
  const lane = byName.get(name) ?? { underWay: 0, waiting: [] }
  lanes.set(limiter, byName.set(name, lane))
  return lane
}

/** What was counted, which is over only where no look-up under way may make room. */
async function enter(lane: Lane, limiter: RateLimiter, name: string): Promise<Count> {
  for (;;) {
    if (lane.underWay < limiter.quota) {
      lane.underWay += 1
      const count = await limiter.count(name)
      if (!count.isOver) return count
      await limiter.giveBack(name)
      const others = lane.underWay === 1 ? lane.waiting.splice(0) : []
      leave(lane, limiter, name)
      for (const tell of others) tell(count)
      if (lane.underWay === 0) return count
    }
    const over = await new Promise<Count | undefined>((tell) => lane.waiting.push(tell))
    if (over) return over
  }
}

function leave(lane: Lane, limiter: RateLimiter, name: string): void {
  lane.underWay -= 1
  if (lane.underWay + lane.waiting.length === 0) lanes.get(limiter)?.delete(name)
}

/** Characters of a caller's name that tell it from others: the subject of a token may be of any length. */
const longestName = 200

const networkFor = (c: Context<AppEnv>) => networkOf(c.get('address') ?? 'unknown')

/** Counts one, and tells it in the answer's headers. */
const take = (c: Context<AppEnv>, limiter: RateLimiter, name: string): Promise<void> =>
  limiter.count(name).then((count) => {
    c.set('rateLimit', rateLimitHeaders(limiter, count))
    if (count.isOver) refuse(c, limiter, count, name)
  })

/** @throws AppError `rate_limited` */
function refuse(c: Context<AppEnv>, limiter: RateLimiter, count: Count, name: string): never {
  c.set('rateLimit', rateLimitHeaders(limiter, count))
  c.get('services').observe({ type: 'rate_limited', limit: limiter.name, by: name })
  throw rateLimited(secondsLeft(count))
}
