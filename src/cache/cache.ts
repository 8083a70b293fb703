import type { TableName } from '../db/rollup/kinds.ts'

/** How long an entry stays fresh while its tables do not change. */
export type Tier = 'short' | 'medium' | 'long'

/** ms */
export const freshFor: Readonly<Record<Tier, number>> = {
  short: 60_000,
  medium: 600_000,
  long: 3_600_000,
}

export type CacheOutcome = 'hit' | 'miss' | 'stale'

/** A finished answer, as it is sent. */
export type Entry = {
  readonly text: string
  readonly etag: string
  /** All of its own: type, caching, `ETag`. */
  readonly headers: Readonly<Record<string, string>>
}

export type Lookup = {
  /** Identifies the answer: the caller's scopes, path and query. */
  readonly key: string
  /** Under which the cost of loading is measured: the statement's. */
  readonly name: string
  readonly tier: Tier
  /** The tables the answer is read from: a write to one of them invalidates it. */
  readonly tables: readonly TableName[]
}

/** Makes the entry: in the request's own transaction, or in the `background`, which outlives the request. */
export type Load = (where: 'request' | 'background') => Promise<Entry>

export type Outcome = {
  readonly entry: Entry
  /** Undefined when the entry was loaded past the cache. */
  readonly outcome: CacheOutcome | undefined
}

export type Hit = { readonly entry: Entry; readonly name: string }

export type Cache = {
  /** A fresh entry, without a promise; it may miss an entry that `remember` would hit. */
  peek(key: string): Hit | undefined
  /** The entry under the lookup's key, loaded where there is none. @throws what `load` throws when no entry can stand in */
  remember(lookup: Lookup, load: Load): Promise<Outcome>
  /** These tables were written: no entry loaded from them before is served as fresh again. */
  invalidate(tables: readonly TableName[]): void
  /** So many bytes more are kept beside the entry; for an entry that is not in the cache it does nothing. */
  grow(entry: Entry, size: number): void
  /** Every write committed before this instant (`performance.now()`) has been passed to `invalidate`. */
  validate(instant: number): void
}

/** Loads every time. */
export const noCache: Cache = {
  peek: () => undefined,
  remember: async (_lookup, load) => ({ entry: await load('request'), outcome: undefined }),
  invalidate() {},
  grow() {},
  validate() {},
}
