import { BentoCache, bentostore, errors } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import type { TableName } from '../db/rollup/kinds.ts'
import { type Cache, type Entry, freshFor, type Hit, type Tier } from './cache.ts'
import { loadCosts } from './costs.ts'

export type MemoryCacheOptions = {
  /** ms: an answer whose loads stay under this (p95) is loaded each time. */
  readonly threshold?: number
  readonly maxEntries?: number
  /** ms */
  readonly freshFor?: Readonly<Record<Tier, number>>
  /** ms an entry is kept after it stopped being fresh, for when the database cannot be asked. */
  readonly grace?: number
  readonly onRefreshFailed?: (name: string, error: unknown) => void
}

type CachedEntry = Entry & { readonly loadedAt: number }
type HotEntry = Hit & { readonly entry: CachedEntry; readonly ttl: number }

/** ms without a confirmation after which another's write may have gone unseen. */
const unconfirmedAfter = 2000

/**
 * Answers kept in this process. The number of times each table moved is part of the key, so what was loaded
 * before a write, even while it happened, is never found after it.
 */
export function memoryCache(options: MemoryCacheOptions = {}): Cache {
  const { threshold = 5, maxEntries = 1000, grace = 600_000, onRefreshFailed } = options
  const ttls = options.freshFor ?? freshFor
  const driver = memoryDriver({ serialize: false, maxItems: maxEntries })
  const store = new BentoCache({
    default: 'memory',
    stores: { memory: bentostore().useL1Layer(driver) },
  }).use()
  const costs = loadCosts()
  const generations = new Map<TableName, number>()
  /** What was hit since any table moved, to be found at once. */
  const hot = new Map<string, HotEntry>()
  let confirmedAt = Number.NEGATIVE_INFINITY

  const generationOf = (tables: readonly TableName[]) =>
    tables.map((table) => generations.get(table) ?? 0).join('.')

  const isValidated = (cached: CachedEntry, now: number) =>
    now - Math.max(cached.loadedAt, confirmedAt) < unconfirmedAfter
  const isWorthCaching = (name: string) => (costs.p95(name) ?? 0) >= threshold

  return {
    peek(key) {
      const found = hot.get(key)
      if (!found) return undefined
      const now = performance.now()
      const isFresh = now - found.entry.loadedAt < found.ttl && isValidated(found.entry, now)
      return isFresh && isWorthCaching(found.name) ? found : undefined
    },
    async remember({ key: asked, name, tier, tables }, load) {
      const measured = async (where: 'request' | 'background'): Promise<CachedEntry> => {
        const loadedAt = performance.now()
        const entry = await load(where)
        costs.record(name, performance.now() - loadedAt)
        return { ...entry, loadedAt }
      }
      if (!isWorthCaching(name)) {
        return { entry: await measured('request'), outcome: undefined }
      }

      const ttl = ttls[tier]
      const generation = generationOf(tables)
      const key = `${generation} ${asked}`
      const cached: CachedEntry | undefined = await store.get<CachedEntry | undefined>({
        key,
        grace: ttl + grace,
      })
      const now = performance.now()
      const age = cached ? now - cached.loadedAt : 0
      const isCachedValidated = cached !== undefined && isValidated(cached, now)
      if (cached && isCachedValidated && age < ttl) {
        if (hot.size >= maxEntries) hot.clear()
        if (generation === generationOf(tables)) hot.set(asked, { entry: cached, name, ttl })
        return { entry: cached, outcome: 'hit' }
      }

      if (cached) await store.expire({ key })
      // twice its time is too old to hand out while the database can be asked
      const waits = !cached || (isCachedValidated && age >= 2 * ttl)
      let isLoaded = false
      const entry = await store
        .getOrSet<CachedEntry>({
          key,
          ttl,
          grace: ttl + grace,
          timeout: waits ? null : 0,
          factory: () => {
            isLoaded = waits
            return measured(waits ? 'request' : 'background')
          },
          onFactoryError: ({ isBackgroundFactory, cause }) => {
            if (isBackgroundFactory) onRefreshFailed?.(name, cause)
          },
        })
        .catch((error: unknown) => {
          throw error instanceof errors.E_FACTORY_ERROR ? error.cause : error
        })
      return { entry, outcome: entry === cached ? 'stale' : isLoaded ? 'miss' : 'hit' }
    },
    invalidate(tables) {
      if (tables.length > 0) hot.clear()
      for (const table of tables) generations.set(table, (generations.get(table) ?? 0) + 1)
    },
    validate(instant) {
      confirmedAt = Math.max(confirmedAt, instant)
    },
  }
}
