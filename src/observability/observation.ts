import type { CacheOutcome } from '../cache/cache.ts'
import type { DatabaseEvent } from '../db/database.ts'

/** Everything worth telling about a running server. Whoever sees it says it; who listens is the entry's business. */
export type Observation =
  | {
      readonly type: 'request'
      readonly requestId: string
      readonly method: string
      readonly path: string
      readonly status: number
      /** ms */
      readonly duration: number
    }
  | {
      readonly type: 'error'
      readonly requestId: string
      readonly method: string
      readonly path: string
      readonly status: number
      /** What was thrown, with its causes: for the log only. */
      readonly error: Error
    }
  | { readonly type: 'cache'; readonly name: string; readonly outcome: CacheOutcome }
  | { readonly type: 'refresh_failed'; readonly name: string; readonly error: unknown }
  | { readonly type: 'watcher'; readonly state: 'up' | 'down'; readonly error?: unknown }
  | { readonly type: 'database'; readonly event: DatabaseEvent }
  /** Behind the requests: no answer tells of it. */
  | { readonly type: 'failure'; readonly what: string; readonly error?: unknown }

export type Observer = (observation: Observation) => void

/** Tells each of the listeners. */
export const observeAll =
  (...listeners: readonly Observer[]): Observer =>
  (observation) => {
    for (const listener of listeners) listener(observation)
  }
