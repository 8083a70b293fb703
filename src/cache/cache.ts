import type { TableName } from '../db/rollup/kinds.ts'

/** How long an answer holds while its tables do not change. */
export type Tier = 'short' | 'medium' | 'long'

/** ms */
export const freshFor: Readonly<Record<Tier, number>> = {
  short: 60_000,
  medium: 600_000,
  long: 3_600_000,
}

export type CacheOutcome = 'hit' | 'miss' | 'stale'

/** A finished answer. */
export type Entry = {
  readonly text: string
  readonly etag: string
  readonly headers: Readonly<Record<string, string>> | undefined
}

export type Lookup = {
  /** Tells answers apart: path and query. */
  readonly key: string
  /** Under which the cost of loading is measured: the statement's. */
  readonly name: string
  readonly tier: Tier
  /** The tables it reads: a write to one of them makes the answer old. */
  readonly tables: readonly TableName[]
}

/** `request` loads through the request's own transaction; `background` outlives the request. */
export type Load = (where: 'request' | 'background') => Promise<Entry>

export type Outcome = {
  readonly entry: Entry
  /** Undefined when the cache had no part in it. */
  readonly outcome: CacheOutcome | undefined
}

export type Hit = { readonly entry: Entry; readonly name: string }

export type Cache = {
  /** At once what `remember` would hit; it may miss what `remember` would not. */
  peek(key: string): Hit | undefined
  remember(question: Lookup, load: Load): Promise<Outcome>
  /** These tables were written: nothing loaded from them before is served again. */
  invalidate(tables: readonly TableName[]): void
  /** `drop` has been told of every write committed before this instant (`performance.now()`). */
  validate(instant: number): void
}

/** Asks the database every time. */
export const noCache: Cache = {
  peek: () => undefined,
  remember: async (_question, load) => ({ entry: await load('request'), outcome: undefined }),
  invalidate() {},
  validate() {},
}
