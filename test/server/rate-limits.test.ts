import { afterEach, describe, expect, it } from 'vitest'
import type { Observation } from '../../src/observability/observation.ts'
import { openRateLimits, type RateLimitOptions } from '../../src/server/rate-limits.ts'
import { type RedisServer, startRedis, withoutRedis } from '../support/redis.ts'

const deferred: (() => unknown)[] = []
afterEach(async () => {
  for (const close of deferred.splice(0)) await close()
})

async function limitsOf(options: Partial<RateLimitOptions>) {
  const observed: Observation[] = []
  const limits = await openRateLimits(
    {
      isAuthenticating: true,
      rateLimitKey: 'off',
      rateLimitAddress: 'off',
      isLoopbackLimited: true,
      redisUrl: undefined,
      ...options,
    },
    (observation) => observed.push(observation),
  )
  if (!limits) throw new Error('nothing is counted')
  deferred.push(limits.close)
  return { ...limits, observed }
}

async function keyLimit(quota: number, redisUrl?: string) {
  const { key, observed } = await limitsOf({ rateLimitKey: quota, redisUrl })
  if (!key) throw new Error('there is no limit')
  return { ...key, observed }
}

describe('rate limits in memory', () => {
  it('are those that are set, and of failures always', async () => {
    const limits = await limitsOf({ rateLimitAddress: 5 })
    expect(limits.key).toBeUndefined()
    expect(limits.address).toMatchObject({ name: 'address', quota: 5 })
    expect(limits.failures).toMatchObject({ name: 'failures', quota: 20 })
  })

  it('are none where nobody shows a key, but those of addresses that are asked for', async () => {
    const open = { isAuthenticating: false, rateLimitKey: 6000, isLoopbackLimited: true }
    const none = { ...open, rateLimitAddress: 'off', redisUrl: 'redis://127.0.0.1:1' } as const
    expect(await openRateLimits(none, () => {})).toBeUndefined()
    const limits = await limitsOf({ ...open, rateLimitAddress: 5 })
    expect(limits.address?.quota).toBe(5)
  })

  it('count each name for itself, down to nothing', async () => {
    const { count } = await keyLimit(2)
    expect(await count('a')).toMatchObject({ isOver: false, remaining: 1 })
    expect(await count('a')).toMatchObject({ isOver: false, remaining: 0 })
    expect(await count('a')).toMatchObject({ isOver: true, remaining: 0 })
    expect(await count('b')).toMatchObject({ isOver: false, remaining: 1 })
  })

  it('end with their window of a minute', async () => {
    const { left } = await (await keyLimit(2)).count('a')
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThanOrEqual(60_000)
  })

  it('count what was given back no more', async () => {
    const { count, giveBack } = await keyLimit(1)
    await count('a')
    await giveBack('a')
    expect(await count('a')).toMatchObject({ isOver: false })
  })

  it('hold each of 10,000 addresses to its own', async () => {
    const { count } = await keyLimit(1)
    const names = Array.from({ length: 10_000 }, (_, n) => `10.0.${n >> 8}.${n & 255}`)
    for (const name of names) expect((await count(name)).isOver).toBe(false)
    for (const name of names) expect((await count(name)).isOver).toBe(true)
  })

  it('forget the oldest of more names than they keep, and go on counting the newest', async () => {
    const { count } = await keyLimit(1)
    for (let n = 0; n < 60_000; n++) await count(`address ${n}`)
    expect(await count('address 59999')).toMatchObject({ isOver: true })
    expect(await count('address 0')).toMatchObject({ isOver: false })
  })
})

describe.skipIf(withoutRedis)(`rate limits in Redis (${withoutRedis ?? 'here'})`, () => {
  async function redis(): Promise<RedisServer> {
    const server = await startRedis()
    deferred.push(server.kill)
    return server
  }

  it('are shared by all servers', async () => {
    const { url } = await redis()
    const [one, other] = [await keyLimit(2, url), await keyLimit(2, url)]
    await one.count('a')
    await other.count('a')
    expect(await one.count('a')).toMatchObject({ isOver: true, remaining: 0 })
    const { left } = await other.count('a')
    expect(left).toBeGreaterThan(0)
    await other.giveBack('b')
    expect(await one.count('b')).toMatchObject({ remaining: 2 })
  })

  it('are counted in memory while it is gone, and there again once it is back', async () => {
    const server = await redis()
    const { count, observed } = await keyLimit(2, server.url)
    await count('a')
    await server.kill()
    expect(await count('a')).toMatchObject({ isOver: false, remaining: 1 })
    expect(await count('a')).toMatchObject({ isOver: false, remaining: 0 })
    expect(await count('a')).toMatchObject({ isOver: true })
    expect(observed).toEqual([{ type: 'redis', state: 'down', error: expect.any(Error) }])
    await server.start()
    await expect.poll(() => count('b').then(() => observed.at(-1))).toMatchObject({ state: 'up' })
    expect(await count('a')).toMatchObject({ isOver: false, remaining: 1 })
  })

  it('are counted in memory while it hangs', async () => {
    const server = await redis()
    const { count, observed } = await keyLimit(2, server.url)
    await count('a')
    server.hang()
    const counts = await Promise.all([count('a'), count('a'), count('a')])
    expect(counts.map(({ isOver }) => isOver)).toEqual([false, false, true])
    expect(observed).toMatchObject([{ state: 'down' }])
    server.wake()
    await expect.poll(() => count('b').then(() => observed.at(-1))).toMatchObject({ state: 'up' })
  })

  it('are counted in memory where it was never there', async () => {
    const server = await redis()
    await server.kill()
    const { count, observed } = await keyLimit(1, server.url)
    expect(observed).toMatchObject([{ state: 'down' }])
    expect(await count('a')).toMatchObject({ isOver: false })
    expect(await count('a')).toMatchObject({ isOver: true })
    await server.start()
    await expect.poll(() => count('a').then(() => observed.at(-1))).toMatchObject({ state: 'up' })
  })
})
