import { BentoCache, bentostore, errors } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import type { TableName } from '../db/rollup/kinds.ts'
import { type Cache, type Entry, freshFor, type Hit, type Tier } from './cache.ts'
import { loadCosts } from './costs.ts'
import { sizeBudget } from './size-budget.ts'

export type MemoryCacheOptions = {
  /** ms: what loads in less (p95) is loaded every time. Default 5. */
  readonly threshold?: number
  /** Default 1000. */
  readonly maxEntries?: number
  /** Bytes the entries may take in memory; one that takes an eighth of them is not kept. Default 64 MiB. */
  readonly maxSize?: number
  /** ms */
  readonly freshFor?: Readonly<Record<Tier, number>>
  /** ms an entry is kept after it stopped being fresh, to be served while the database is away. Default 600,000. */
  readonly grace?: number
  readonly onRefreshFailed?: (name: string, error: unknown) => void
}

type CachedEntry = Entry & { readonly loadedAt: number }
type HotEntry = Hit & { readonly entry: CachedEntry; readonly ttl: number; readonly key: string }

/** ms after the last validation from which on a write may have gone unseen. */
const validFor = 2000

/**
 * Keeps entries in this process. The key holds the generation of each table, a count of its invalidations, so an
 * entry loaded before a write, or during it, is never found after it.
 */
export function memoryCache(options: MemoryCacheOptions = {}): Cache {
  const { threshold = 5, maxEntries = 1000, maxSize = 64 * 2 ** 20, grace = 600_000 } = options
  const ttls = options.freshFor ?? freshFor
  const costs = loadCosts()
  const generations = new Map<TableName, number>()
  /** The entries that were hit since the last invalidation, for `peek`. */
  const hot = new Map<string, HotEntry>()
  const { store, grow, touch } = openStore(maxEntries, maxSize, (key) =>
    hot.delete(key.slice(key.indexOf(' ') + 1)),
  )
  let validatedAt = Number.NEGATIVE_INFINITY

  const generationOf = (tables: readonly TableName[]) =>
    tables.map((table) => generations.get(table) ?? 0).join('.')

  const isValidated = (cached: CachedEntry, now: number) =>
    now - Math.max(cached.loadedAt, validatedAt) < validFor
  const isWorthCaching = (name: string) => (costs.p95(name) ?? 0) >= threshold

  return {
    peek(key) {
      const hit = hot.get(key)
      if (!hit) return undefined
      const now = performance.now()
      const isFresh = now - hit.entry.loadedAt < hit.ttl && isValidated(hit.entry, now)
      if (!isFresh || !isWorthCaching(hit.name)) return undefined
      touch(hit.key)
      return hit
    },
    async remember({ key: lookupKey, name, tier, tables }, load) {
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
      const key = `${generation} ${lookupKey}`
      const cached: CachedEntry | undefined = await store.get<CachedEntry | undefined>({
        key,
        grace: ttl + grace,
      })
      const now = performance.now()
      const age = cached ? now - cached.loadedAt : 0
      const isCachedValidated = cached !== undefined && isValidated(cached, now)
      if (cached && isCachedValidated && age < ttl) {
        if (hot.size >= maxEntries) hot.clear()
        if (generation === generationOf(tables))
          hot.set(lookupKey, { entry: cached, name, ttl, key })
        return { entry: cached, outcome: 'hit' }
      }

      if (cached) await store.expire({ key })
      // an entry twice its ttl old is too old to serve while the database answers
      const waits = !cached || (isCachedValidated && age >= 2 * ttl)
      const { entry, isLoaded } = await getOrLoad(store, {
        key,
        ttl,
        grace: ttl + grace,
        waits,
        load: measured,
        onBackgroundFailure: (error) => options.onRefreshFailed?.(name, error),
      })
      return { entry, outcome: entry === cached ? 'stale' : isLoaded ? 'miss' : 'hit' }
    },
    invalidate(tables) {
      if (tables.length > 0) hot.clear()
      for (const table of tables) generations.set(table, (generations.get(table) ?? 0) + 1)
    },
    grow,
    validate(instant) {
      validatedAt = Math.max(validatedAt, instant)
    },
  }
}

/** bentocache counts bytes of serialized entries only: ours stay as they are, and are counted beside it. */
function openStore(maxItems: number, maxSize: number, onDropped: (key: string) => void) {
  const memory = bentostore().useL1Layer(memoryDriver({ serialize: false, maxItems }))
  const bento = new BentoCache({ default: 'memory', stores: { memory } })
  const store = bento.use()
  const budget = sizeBudget(maxSize, (key) => {
    onDropped(key)
    void store.delete({ key })
  })
  /** Weak: a refresh or a drop leaves the old entry to those who still send it. */
  const keys = new WeakMap<Entry, string>()
  bento.on('cache:written', ({ key, value }) => {
    budget.add(key, sizeOf(value))
    keys.set(value, key)
  })
  bento.on('cache:hit', ({ key }) => budget.touch(key))
  return {
    store,
    touch: budget.touch,
    grow(entry: Entry, size: number) {
      const key = keys.get(entry)
      if (key !== undefined) budget.grow(key, size)
    },
  }
}

/** A string takes a byte per character while all are Latin-1, else two; headers and keys little. */
const sizeOf = ({ text }: Entry) => 1000 + text.length * (/[\u0100-\uffff]/.test(text) ? 2 : 1)

type Loading = {
  readonly key: string
  /** ms */
  readonly ttl: number
  /** ms */
  readonly grace: number
  /** Whether the caller waits for the load; else it is served the entry there is, and the load goes on behind it. */
  readonly waits: boolean
  readonly load: (where: 'request' | 'background') => Promise<CachedEntry>
  readonly onBackgroundFailure: (error: unknown) => void
}

/** The entry under the key, loaded once for all who ask at the same time; the old one where loading fails. */
async function getOrLoad(store: ReturnType<typeof openStore>['store'], loading: Loading) {
  const { key, ttl, grace, waits, load, onBackgroundFailure } = loading
  let isLoaded = false
  const entry = await store
    .getOrSet<CachedEntry>({
      key,
      ttl,
      grace,
      timeout: waits ? null : 0,
      factory: () => {
        isLoaded = waits
        return load(waits ? 'request' : 'background')
      },
      onFactoryError: ({ isBackgroundFactory, cause }) => {
        if (isBackgroundFactory) onBackgroundFailure(cause)
      },
    })
    .catch((error: unknown) => {
      throw error instanceof errors.E_FACTORY_ERROR ? error.cause : error
    })
  return { entry, isLoaded }
}
