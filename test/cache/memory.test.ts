import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Cache, Load, Lookup } from '../../src/cache/cache.ts'
import { memoryCache } from '../../src/cache/memory.ts'

const lookup: Lookup = { key: '/feed', name: 'feed', tier: 'short', tables: ['posts'] }

/** Loads that answer with their number. */
function counted() {
  const wheres: string[] = []
  const load: Load = async (where) => {
    wheres.push(where)
    return { text: String(wheres.length), etag: `"${wheres.length}"`, headers: {} }
  }
  return { load, wheres }
}

/** A load that settles when told to. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const load: Load = async () => ({ text: await promise, etag: '"held"', headers: {} })
  return { load, resolve, reject }
}

describe('an answer that is worth keeping', () => {
  it('is loaded once while nothing changes', async () => {
    const cache = memoryCache({ threshold: 0 })
    const { load, wheres } = counted()
    const first = await cache.remember(lookup, load)
    const second = await cache.remember(lookup, load)
    expect(first).toMatchObject({ outcome: 'miss', entry: { text: '1' } })
    expect(second).toMatchObject({ outcome: 'hit', entry: { text: '1' } })
    expect(wheres).toEqual(['request'])
  })

  it('is loaded again after one of its tables was written, and not after another was', async () => {
    const cache = memoryCache({ threshold: 0 })
    const { load } = counted()
    await cache.remember(lookup, load)
    cache.invalidate(['sessions'])
    expect(await cache.remember(lookup, load)).toMatchObject({ outcome: 'hit' })
    cache.invalidate(['posts'])
    const found = await cache.remember(lookup, load)
    expect(found).toMatchObject({ outcome: 'miss', entry: { text: '2' } })
  })

  it('is not kept when its table was written while it was loaded', async () => {
    const cache = memoryCache({ threshold: 0 })
    const early = held()
    const answered = cache.remember(lookup, early.load)
    cache.invalidate(['posts'])
    early.resolve('from before the write')
    expect((await answered).entry.text).toBe('from before the write')
    expect(await cache.remember(lookup, counted().load)).toMatchObject({
      outcome: 'miss',
      entry: { text: '1' },
    })
  })

  it('is loaded once for all who ask at the same time', async () => {
    const cache = memoryCache({ threshold: 0 })
    const { load, wheres } = counted()
    const all = await Promise.all(Array.from({ length: 20 }, () => cache.remember(lookup, load)))
    expect(wheres).toHaveLength(1)
    expect(all.map(({ entry }) => entry.text)).toEqual(Array(20).fill('1'))
    expect(all.filter(({ outcome }) => outcome === 'miss')).toHaveLength(1)
  })

  it('is loaded by the next who waits when the first fails, each told of its own failure', async () => {
    const cache = memoryCache({ threshold: 0 })
    const failing = held()
    const first = cache.remember(lookup, failing.load)
    const second = cache.remember(lookup, counted().load)
    const reason = new Error('the client of the first went away')
    failing.reject(reason)
    await expect(first).rejects.toBe(reason)
    expect((await second).entry.text).toBe('1')
  })

  it('tells the answers of different keys apart', async () => {
    const cache = memoryCache({ threshold: 0 })
    const { load } = counted()
    await cache.remember(lookup, load)
    const other = await cache.remember({ ...lookup, key: '/feed?page=2' }, load)
    expect(other).toMatchObject({ outcome: 'miss', entry: { text: '2' } })
  })
})

describe('an answer past its time', () => {
  const tiers = { short: 50, medium: 50, long: 50 }
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'Date'] }))
  afterEach(() => void vi.useRealTimers())
  const age = async (cache: ReturnType<typeof memoryCache>, load: Load, ms: number) => {
    await cache.remember(lookup, load)
    vi.advanceTimersByTime(ms)
    cache.validate(performance.now())
  }

  it('is handed out once more while it is loaded anew in the background', async () => {
    const cache = memoryCache({ threshold: 0, freshFor: tiers })
    const { load, wheres } = counted()
    await age(cache, load, 55)
    const stale = await cache.remember(lookup, load)
    expect(stale).toMatchObject({ outcome: 'stale', entry: { text: '1' } })
    await expect.poll(() => wheres.length === 2).toBe(true)
    expect(wheres).toEqual(['request', 'background'])
    const fresh = await cache.remember(lookup, load)
    expect(fresh).toMatchObject({ outcome: 'hit', entry: { text: '2' } })
  })

  it('is waited for when it is twice as old', async () => {
    const cache = memoryCache({ threshold: 0, freshFor: tiers })
    const { load, wheres } = counted()
    await age(cache, load, 105)
    const found = await cache.remember(lookup, load)
    expect(found).toMatchObject({ outcome: 'miss', entry: { text: '2' } })
    expect(wheres).toEqual(['request', 'request'])
  })

  it('is better than a failure', async () => {
    const cache = memoryCache({ threshold: 0, freshFor: tiers })
    await age(cache, counted().load, 105)
    const found = await cache.remember(lookup, () => Promise.reject(new Error('away')))
    expect(found).toMatchObject({ outcome: 'stale', entry: { text: '1' } })
  })

  it('tells of a background load that failed', async () => {
    const failed = vi.fn()
    const cache = memoryCache({ threshold: 0, freshFor: tiers, onRefreshFailed: failed })
    await age(cache, counted().load, 55)
    const reason = new Error('away')
    const found = await cache.remember(lookup, () => Promise.reject(reason))
    expect(found.outcome).toBe('stale')
    await expect.poll(() => failed.mock.calls.length === 1).toBe(true)
    expect(failed).toHaveBeenCalledWith('feed', reason)
  })
})

describe('a cache that cannot see writes', () => {
  it('serves nothing as fresh 2 s after it last could', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const cache = memoryCache({ threshold: 0 })
      const { load, wheres } = counted()
      await cache.remember(lookup, load)
      vi.advanceTimersByTime(1500)
      cache.validate(performance.now())
      vi.advanceTimersByTime(1999)
      expect(await cache.remember(lookup, load)).toMatchObject({ outcome: 'hit' })
      vi.advanceTimersByTime(1)
      expect(await cache.remember(lookup, load)).toMatchObject({
        outcome: 'stale',
        entry: { text: '1' },
      })
      await expect.poll(() => wheres.length === 2).toBe(true)
      expect(await cache.remember(lookup, load)).toMatchObject({
        outcome: 'hit',
        entry: { text: '2' },
      })
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('an answer that is cheap', () => {
  it('is loaded each time', async () => {
    const cache = memoryCache({ threshold: 1000 })
    const { load, wheres } = counted()
    for (let i = 0; i < 50; i++) await cache.remember(lookup, load)
    expect(wheres).toHaveLength(50)
  })

  it('is kept once 20 loads have shown it to be dear', async () => {
    const cache = memoryCache({ threshold: 2 })
    const { load, wheres } = counted()
    const dear: Load = async (where) => {
      const start = performance.now()
      await expect.poll(() => performance.now() - start > 3, { interval: 1 }).toBe(true)
      return load(where)
    }
    for (let i = 0; i < 20; i++) {
      expect((await cache.remember(lookup, dear)).outcome).toBeUndefined()
    }
    expect((await cache.remember(lookup, dear)).outcome).toBe('miss')
    expect((await cache.remember(lookup, dear)).outcome).toBe('hit')
    expect(wheres).toHaveLength(21)
  })
})

describe('peek', () => {
  const hit = async (threshold = 0) => {
    const cache = memoryCache({ threshold })
    const { load } = counted()
    await cache.remember(lookup, load)
    await cache.remember(lookup, load)
    return cache
  }

  it('finds what was hit, and nothing else', async () => {
    const cache = await hit()
    expect(cache.peek(lookup.key)).toMatchObject({ name: 'feed', entry: { text: '1' } })
    expect(cache.peek('/other')).toBeUndefined()
  })

  it('finds nothing that is not worth keeping', async () => {
    expect((await hit(5)).peek(lookup.key)).toBeUndefined()
  })

  it('finds nothing from before a write', async () => {
    const cache = await hit()
    cache.invalidate([])
    expect(cache.peek(lookup.key)).toBeDefined()
    cache.invalidate(['posts'])
    expect(cache.peek(lookup.key)).toBeUndefined()
  })

  it('finds nothing that went 2 s without validation', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const cache = await hit()
      vi.advanceTimersByTime(2000)
      expect(cache.peek(lookup.key)).toBeUndefined()
      cache.validate(performance.now())
      expect(cache.peek(lookup.key)).toBeDefined()
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('the size of the cache', () => {
  const sized = (length: number) => async () => ({
    text: 'x'.repeat(length),
    etag: '"x"',
    headers: {},
  })
  const remember = (cache: Cache, key: string, load: Load) =>
    cache.remember({ ...lookup, key }, load)

  it('is bounded in bytes: what was used longest ago goes', async () => {
    const cache = memoryCache({ threshold: 0, maxSize: 100_000 })
    for (let n = 0; n < 20; n++) await remember(cache, `/feed?page=${n}`, sized(9_000))
    expect(await remember(cache, '/feed?page=19', sized(1))).toMatchObject({ outcome: 'hit' })
    expect(await remember(cache, '/feed?page=0', sized(1))).toMatchObject({ outcome: 'miss' })
  })

  it('keeps what is peeked at, however much else is asked for', async () => {
    const cache = memoryCache({ threshold: 0, maxSize: 100_000 })
    await remember(cache, '/stats', sized(9_000))
    await remember(cache, '/stats', sized(1))
    for (let n = 0; n < 50; n++) {
      expect(cache.peek('/stats')).toBeDefined()
      await remember(cache, `/feed?page=${n}`, sized(9_000))
    }
  })

  it('counts two bytes for a character that is not Latin', async () => {
    const cache = memoryCache({ threshold: 0, maxSize: 100_000 })
    const load = async () => ({ text: 'ж'.repeat(9_000), etag: '"x"', headers: {} })
    await remember(cache, '/feed', load)
    expect(await remember(cache, '/feed', load)).toMatchObject({ outcome: 'miss' })
  })

  it('counts what is kept beside an answer', async () => {
    const cache = memoryCache({ threshold: 0, maxSize: 100_000 })
    const load = async () => ({ text: 'x'.repeat(8_000), etag: '"x"', headers: {} })
    const { entry } = await cache.remember(lookup, load)
    const again = await cache.remember(lookup, load)
    expect(again.entry).toMatchObject(entry)
    cache.grow(again.entry, 1_000)
    expect((await cache.remember(lookup, load)).outcome).toBe('hit')
    cache.grow(again.entry, 3_000)
    expect((await cache.remember(lookup, load)).outcome).toBe('miss')
  })

  it('takes no answer of more than an eighth of it, and forgets nothing for that', async () => {
    const cache = memoryCache({ threshold: 0, maxSize: 100_000 })
    await remember(cache, '/feed', sized(10))
    for (let n = 0; n < 3; n++) {
      const found = await remember(cache, '/feed?large', sized(50_000))
      expect(found).toMatchObject({ outcome: 'miss' })
    }
    expect(cache.peek('/feed?large')).toBeUndefined()
    expect(await remember(cache, '/feed', sized(1))).toMatchObject({ outcome: 'hit' })
  })
})
