import type { Context } from 'hono'
import type { Caller } from '../auth/caller.ts'
import type { Cache } from '../cache/cache.ts'
import type { Pool, RequestDatabase } from '../db/database.ts'
import type { Observation } from '../observability/observation.ts'
import type { Cors } from './cors.ts'
import type { Encoder } from './encoding.ts'
import type { ExportFiles } from './export-files.ts'
import type { RateLimits } from './limits.ts'
import type { CursorCodec } from './paging/cursor.ts'
import type { RequestTiming } from './server-timing.ts'

export type Runtime = 'node' | 'workerd'

/** Files by name, or `platform` where it serves them before the app is asked. */
export type Scripts = ReadonlyMap<string, () => Promise<string>> | 'platform'

/** What the entry of a runtime hands to the app. */
export type Services = {
  /** One pool for the process on Node; on Workers a client that lives as long as its request. */
  readonly pool: (c: Context<AppEnv>) => Pool
  /** Who asks. @throws AppError `unauthenticated` for a caller who is turned away */
  readonly callerOf: (c: Context<AppEnv>) => Caller | Promise<Caller>
  /** Whether anyone may ask for anything: authentication is off. */
  readonly isOpen?: boolean
  /** Keys were changed here: no caller is taken for who he was. */
  readonly forgetCallers?: () => void
  /** The client's IP address; none where nothing knows it. */
  readonly addressOf?: (c: Context<AppEnv>) => string | undefined
  readonly cursors: CursorCodec
  /** ms from a request's start until its query is cancelled and it is answered with 504. */
  readonly requestTimeout: number
  readonly cache: Cache
  /** None: no page of another origin reads anything. */
  readonly cors?: Cors | undefined
  /** Where the platform does not compress. */
  readonly encode?: Encoder | undefined
  /** Of the reference page; none where they are not installed. */
  readonly scripts?: Scripts | undefined
  /** None where there is no disk. */
  readonly exportFiles?: ExportFiles | undefined
  readonly observe: (observation: Observation) => void
  /** None: browsers may come without TLS. */
  readonly strictTransport?: Readonly<Record<string, string>> | undefined
  /** None: nobody is asked to wait. */
  readonly limits?: RateLimits | undefined
  readonly runtime: Runtime
  /** Lets `work`, which never rejects, go on after the response of `c`: a Worker ends with it unless told to wait. */
  readonly keepAlive: (c: Context<AppEnv>, work: Promise<unknown>) => void
  /** Counts a view of a post, in time: the request waits for nothing. */
  readonly countView: (c: Context<AppEnv>, postId: number) => void
  /** The last known state of the database: a crowd that asks must not cause a crowd of queries. */
  readonly isReady: (c: Context<AppEnv>) => boolean | Promise<boolean>
}

/** https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/ */
export type PlatformLimiter = {
  readonly limit: (options: { readonly key: string }) => Promise<{ readonly success: boolean }>
}

/** What wrangler.toml binds; absent on Node. */
export type Bindings = {
  readonly HYPERDRIVE?: { readonly connectionString: string }
  readonly KEY_LIMITER?: PlatformLimiter
  readonly ADDRESS_LIMITER?: PlatformLimiter
  readonly [variable: string]: unknown
}

/** What a request carries. */
export type AppEnv = {
  Bindings: Bindings
  Variables: {
    requestId: string
    services: Services
    timing: RequestTiming
    caller: Caller
    /** The client's IP address, where it is known. */
    address: string | undefined
    /** What the answer carries for the request's origin. */
    crossOrigin: Readonly<Record<string, string>> | undefined
    /** What the answer tells of TLS. */
    strictTransport: Readonly<Record<string, string>> | undefined
    /** What the answer tells of the limit it was counted by. */
    rateLimit: Readonly<Record<string, string>> | undefined
    /** The response that `reply` has finished, headers and all. */
    replied: Response | undefined
    db: RequestDatabase
  }
}
