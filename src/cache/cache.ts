import type { TableName } from '../db/rollups.ts'
import type { CacheOutcome } from '../timing.ts'

/** How long an answer may be taken for fresh while its tables do not change: 60 s, 10 min, 1 h. */
export type Tier = 'short' | 'medium' | 'long'

export const freshFor = {
  short: 60_000,
  medium: 600_000,
  long: 3_600_000,
} as const satisfies Record<Tier, number>

/** A finished answer. */
export type Entry = {
  readonly text: string
  readonly etag: string
  readonly headers: Readonly<Record<string, string>> | undefined
}

export type Question = {
  /** Tells apart answers: path and query. */
  readonly key: string
  /** Whose cost is measured: one per route. */
  readonly name: string
  readonly tier: Tier
  /** The tables it reads: a write to one of them makes the answer old. */
  readonly tables: readonly TableName[]
}

/** `background` outlives the request that caused it. */
export type Load = (where: 'request' | 'background') => Promise<Entry>

export type Remembered = {
  readonly entry: Entry
  /** Undefined when the cache had no part in it. */
  readonly outcome: CacheOutcome | undefined
}

export type Cache = {
  remember(question: Question, load: Load): Promise<Remembered>
  /** These tables were written: what was loaded from them before is not to be served again. */
  drop(tables: readonly TableName[]): void
  /** All writes committed before this instant (`performance.now()`) have been told to `drop`. */
  confirm(instant: number): void
}

/** Asks the database every time. */
export const noCache: Cache = {
  remember: async (_question, load) => ({ entry: await load('request'), outcome: undefined }),
  drop() {},
  confirm() {},
}
