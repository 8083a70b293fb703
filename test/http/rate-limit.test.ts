import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AppError, unauthenticated } from '../../src/errors/error.ts'
import type { Services } from '../../src/http/context.ts'
import { guardLookUp } from '../../src/http/rate-limit.ts'
import { openRateLimits, type RateLimitOptions } from '../../src/server/rate-limits.ts'
import { createTestApp, type TestApp } from '../support/app.ts'

const path = '/api/v1/activity?pageSize=2'

let database: TestApp
beforeAll(async () => {
  database = await createTestApp()
})
afterAll(() => database.close())

const apps: TestApp[] = []
afterAll(async () => {
  for (const app of apps) await app.close()
})

/** Asks with the key's name as its `Authorization`, from the address in `X-From`; keys that begin with `good` are good. */
async function door(options: Partial<RateLimitOptions>, services: Partial<Services> = {}) {
  const limits = await openRateLimits(
    {
      isAuthenticating: true,
      rateLimitKey: 'off',
      rateLimitAddress: 'off',
      isLoopbackLimited: false,
      redisUrl: undefined,
      ...options,
    },
    () => {},
  )
  const lookedUp: string[] = []
  const app = await createTestApp({
    url: database.url,
    services: {
      limits,
      addressOf: (c) => c.req.header('x-from') ?? '203.0.113.7',
      async callerOf(c) {
        const key = c.req.header('authorization')
        if (key === undefined) throw unauthenticated()
        const isGood = await guardLookUp(
          c,
          async () => {
            lookedUp.push(key)
            return key.startsWith('good')
          },
          (found) => found,
        )
        if (!isGood) throw unauthenticated()
        return { actor: `key:${key}`, scopes: ['read'] }
      },
      ...services,
    },
  })
  apps.push(app)
  const ask = (key?: string, from?: string) =>
    app.request(path, {
      headers: { ...(key && { Authorization: key }), ...(from && { 'X-From': from }) },
    })
  const statuses = async (count: number, key?: (n: number) => string, from?: string) => {
    const got: number[] = []
    for (let n = 0; n < count; n++) got.push((await ask(key?.(n), from)).status)
    return got
  }
  return { ...app, ask, statuses, lookedUp }
}

describe('a key', () => {
  it('is told what is left of its window, and to wait where nothing is', async () => {
    const { ask, pool, observed } = await door({ rateLimitKey: 2 })
    const first = await ask('good')
    expect(first.status).toBe(200)
    expect(first.headers.get('ratelimit-policy')).toBe('"key";q=2;w=60')
    expect(first.headers.get('ratelimit')).toMatch(/^"key";r=1;t=\d+$/)
    await ask('good')
    const { acquired } = pool.stats()
    const refused = await ask('good')
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({ code: 'rate_limited', status: 429 })
    const [, left] = /^"key";r=0;t=(\d+)$/.exec(refused.headers.get('ratelimit') ?? '') ?? []
    expect(refused.headers.get('retry-after')).toBe(left)
    expect(pool.stats().acquired).toBe(acquired)
    expect(observed).toContainEqual({ type: 'rate_limited', limit: 'key', by: 'key:good' })
  })

  it('does not pay for another, from the same address', async () => {
    const { statuses } = await door({ rateLimitKey: 2 })
    expect(await statuses(3, () => 'good')).toEqual([200, 200, 429])
    expect(await statuses(2, () => 'good other')).toEqual([200, 200])
  })

  it('is not limited on this machine, unless somebody said how often it may ask, or a proxy asks for it', async () => {
    const local = await door({ rateLimitKey: 1 })
    expect(await local.statuses(2, () => 'good', '127.0.0.1')).toEqual([200, 200])
    const forwarded = {
      headers: { Authorization: 'good', 'X-From': '127.0.0.1', 'X-Forwarded-For': '203.0.113.9' },
    }
    expect((await local.request(path, forwarded)).status).toBe(200)
    expect((await local.request(path, forwarded)).status).toBe(429)
    const told = await door({ rateLimitKey: 1, isLoopbackLimited: true })
    expect(await told.statuses(2, () => 'good', '127.0.0.1')).toEqual([200, 429])
  })
})

describe('an address', () => {
  it('that sends no good key is counted, and one that does is not', async () => {
    const { ask, statuses } = await door({ rateLimitAddress: 2 })
    expect(await statuses(3)).toEqual([401, 401, 429])
    const { headers } = await ask()
    expect(headers.get('ratelimit-policy')).toBe('"address";q=2;w=60')
    expect(headers.get('www-authenticate')).toBeNull()
    expect(await statuses(2, () => 'good')).toEqual([200, 200])
    expect(await statuses(1, undefined, '203.0.113.8')).toEqual([401])
  })

  it('of IPv6 is counted with its /64 network', async () => {
    const { statuses } = await door({ rateLimitAddress: 1 })
    expect(await statuses(1, undefined, '2001:db8:1:2::1')).toEqual([401])
    expect(await statuses(1, undefined, '2001:db8:1:2:ffff::9')).toEqual([429])
    expect(await statuses(1, undefined, '2001:db8:1:3::1')).toEqual([401])
  })

  it('is counted where everybody may ask', async () => {
    const callerOf: Services['callerOf'] = () => ({ actor: 'anyone', scopes: ['admin'] })
    const { statuses, ask } = await door({ rateLimitAddress: 2 }, { callerOf })
    expect(await statuses(3)).toEqual([200, 200, 429])
    expect((await ask()).headers.get('ratelimit')).toMatch(/^"address";r=0;t=\d+$/)
  })

  it('always learns whether the server lives', async () => {
    const { request, statuses } = await door({ rateLimitAddress: 1 })
    await statuses(2)
    for (const open of ['/livez', '/readyz', '/openapi.json']) {
      const response = await request(open)
      expect(response.status).toBe(200)
      expect(response.headers.get('ratelimit')).toBeNull()
    }
  })
})

describe('an address whose keys are not good', () => {
  it('is refused after 20 look-ups, without another', async () => {
    const { statuses, ask, lookedUp } = await door({})
    const got = await statuses(25, (n) => `bad ${n}`)
    expect(got).toEqual([...Array(20).fill(401), ...Array(5).fill(429)])
    expect(lookedUp).toHaveLength(20)
    expect((await ask('bad')).headers.get('ratelimit-policy')).toBe('"failures";q=20;w=60')
    expect(await statuses(1, () => 'bad', '203.0.113.8')).toEqual([401])
  })

  it('has no more looked up where they come all at once', async () => {
    const { ask, lookedUp } = await door({})
    await Promise.all(Array.from({ length: 50 }, (_, n) => ask(`bad ${n}`)))
    expect(lookedUp).toHaveLength(20)
  })

  it('is not every address whose keys are good, however many', async () => {
    const { statuses, lookedUp } = await door({})
    expect(await statuses(30, (n) => `good ${n}`)).toEqual(Array(30).fill(200))
    expect(lookedUp).toHaveLength(30)
  })

  it('is not one whose good keys come all at once, and are told of no limit', async () => {
    const { ask, lookedUp } = await door({})
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => ask(`good ${n}`)))
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(answers[0]?.headers.get('ratelimit')).toBeNull()
    expect(lookedUp).toHaveLength(50)
  })

  it('gets its other keys in among bad ones, until too many were bad', async () => {
    const { ask, statuses } = await door({})
    const keys = Array.from({ length: 57 }, (_, n) => (n % 3 === 0 ? `bad ${n}` : `good ${n}`))
    const answers = await Promise.all(keys.map((key) => ask(key)))
    const expected = keys.map((key) => (key.startsWith('bad') ? 401 : 200))
    expect(answers.map(({ status }) => status)).toEqual(expected)
    expect(await statuses(2, (n) => `worse ${n}`)).toEqual([401, 429])
  })

  it('is none where the look-up fails', async () => {
    const { statuses } = await door(
      {},
      {
        async callerOf(c) {
          const lookUp = () => Promise.reject(new AppError('database_unavailable'))
          await guardLookUp(c, lookUp, () => true)
          throw unauthenticated()
        },
      },
    )
    expect(await statuses(25)).toEqual(Array(25).fill(503))
  })
})
