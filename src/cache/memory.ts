import { BentoCache, bentostore, errors } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import type { TableName } from '../db/rollup/tables.ts'
import { type Cache, type Entry, freshFor, type Recalled, type Tier } from './cache.ts'
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

type Held = Entry & { readonly loadedAt: number }
type Ready = Recalled & { readonly entry: Held; readonly ttl: number }

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
  const moves = new Map<TableName, number>()
  /** What was hit since any table moved, to be found at once. */
  const ready = new Map<string, Ready>()
  let confirmedAt = Number.NEGATIVE_INFINITY

  const generationOf = (tables: readonly TableName[]) =>
    tables.map((table) => moves.get(table) ?? 0).join('.')

  const isSure = (held: Held, now: number) =>
    now - Math.max(held.loadedAt, confirmedAt) < unconfirmedAfter
  const isWorthIt = (name: string) => (costs.p95(name) ?? 0) >= threshold

  return {
    recall(key) {
      const found = ready.get(key)
      if (!found) return undefined
      const now = performance.now()
      const isFresh = now - found.entry.loadedAt < found.ttl && isSure(found.entry, now)
      return isFresh && isWorthIt(found.name) ? found : undefined
    },
    async remember({ key: asked, name, tier, tables }, load) {
      const measured = async (where: 'request' | 'background'): Promise<Held> => {
        const loadedAt = performance.now()
        const entry = await load(where)
        costs.record(name, performance.now() - loadedAt)
        return { ...entry, loadedAt }
      }
      if (!isWorthIt(name)) {
        return { entry: await measured('request'), outcome: undefined }
      }

      const ttl = ttls[tier]
      const generation = generationOf(tables)
      const key = `${generation} ${asked}`
      const held: Held | undefined = await store.get<Held | undefined>({ key, grace: ttl + grace })
      const now = performance.now()
      const age = held ? now - held.loadedAt : 0
      const isHeldSure = held !== undefined && isSure(held, now)
      if (held && isHeldSure && age < ttl) {
        if (ready.size >= maxEntries) ready.clear()
        if (generation === generationOf(tables)) ready.set(asked, { entry: held, name, ttl })
        return { entry: held, outcome: 'hit' }
      }

      if (held) await store.expire({ key })
      // twice its time is too old to hand out while the database can be asked
      const waits = !held || (isHeldSure && age >= 2 * ttl)
      let isLoaded = false
      const entry = await store
        .getOrSet<Held>({
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
      return { entry, outcome: entry === held ? 'stale' : isLoaded ? 'miss' : 'hit' }
    },
    drop(tables) {
      if (tables.length > 0) ready.clear()
      for (const table of tables) moves.set(table, (moves.get(table) ?? 0) + 1)
    },
    confirm(instant) {
      confirmedAt = Math.max(confirmedAt, instant)
    },
  }
}
