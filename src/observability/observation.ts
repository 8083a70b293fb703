import type { CacheOutcome } from '../cache/cache.ts'
import type { DatabaseState } from '../cache/watcher.ts'
import type { DatabaseEvent } from '../db/database.ts'
import type { JobEvent } from '../jobs/run.ts'

/** The request that an observation is about. */
type Observed = {
  readonly requestId: string
  readonly method: string
  readonly path: string
  readonly status: number
  /** The caller's trace and its span in it, where it named them. */
  readonly traceId?: string
  readonly parentId?: string
}

/** Every fact about a running server that a log or a metric may want. The entry decides who observes them. */
export type Observation =
  | (Observed & {
      readonly type: 'request'
      /** ms */
      readonly duration: number
      /** Of the client, where it is known. */
      readonly address?: string | undefined
    })
  | (Observed & {
      readonly type: 'error'
      /** The client went away before it was answered. */
      readonly isClientGone: boolean
      /** What was thrown, with its causes: for the log only. */
      readonly error: Error
    })
  | { readonly type: 'cache'; readonly name: string; readonly outcome: CacheOutcome }
  | { readonly type: 'refresh_failed'; readonly name: string; readonly error: unknown }
  | { readonly type: 'watcher'; readonly state: DatabaseState; readonly error?: unknown }
  /** Why nothing is folded here; undefined once it is. */
  | { readonly type: 'folds_barred'; readonly reason: string | undefined }
  /** Why no job is run here; undefined once they are. */
  | { readonly type: 'jobs_barred'; readonly reason: string | undefined }
  | { readonly type: 'job'; readonly event: JobEvent }
  | { readonly type: 'database'; readonly event: DatabaseEvent }
  /** What goes wrong behind the requests: no answer tells of it. */
  | {
      readonly type:
        | 'fold_failed'
        | 'key_use_failed'
        | 'views_failed'
        | 'jobs_failed'
        | 'export_files_failed'
        | 'close_failed'
        | 'unhandled_rejection'
        | 'uncaught_exception'
      readonly error: unknown
    }
  /** Views of posts that no memory was left for while they could not be written. */
  | { readonly type: 'views_lost'; readonly lost: number }
  /** A request was refused before the app saw it: more came than could be served. */
  | { readonly type: 'refused' }
  /** A caller or an address was told to wait. */
  | {
      readonly type: 'rate_limited'
      readonly limit: 'key' | 'address' | 'failures'
      readonly by: string
    }
  /** A request came through a proxy, and no proxy is trusted. */
  | { readonly type: 'untrusted_proxy'; readonly address: string | undefined }
  | { readonly type: 'redis'; readonly state: 'up' | 'down'; readonly error?: unknown }
  /** The embedded PostgreSQL ended before it was stopped, and is there again. */
  | { readonly type: 'server_lost' | 'server_restarted' }

export type Observer = (observation: Observation) => void
