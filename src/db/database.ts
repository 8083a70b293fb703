import type { Statement, Values } from './statement.ts'

/** Where statements run: one transaction, opened by the first of them. */
export type Database = {
  /**
   * @throws what PostgreSQL or the driver said; AppError `timeout` past the deadline or when the caller went away,
   * `pool_exhausted` when no connection came free in time
   */
  run<Params, Row>(
    statement: Statement<Params, Row>,
    ...values: Values<NoInfer<Params>>
  ): Promise<Row[]>
}

/** Done after a commit: what others may see only then, such as a cache entry that goes. */
export type AfterCommit = () => void | Promise<void>

/** The database of one transaction. */
export type TransactionDatabase = Database & {
  /**
   * Calls `callback` once this transaction is committed, in the order they came; never after a rollback. A write's
   * response waits for it; a read's waits neither for its commit nor for this. What it throws is observed, no failure.
   * @throws when the transaction is over
   */
  afterCommit(callback: AfterCommit): void
}

/**
 * A request's database: itself one transaction, which its middleware ends. `transaction` is `Pool.transaction` with
 * the request's access and what is left of its deadline, instead of that one: before any other statement, committed
 * and its callbacks done when it returns. Inside, `work` uses the database it is given.
 */
export type RequestDatabase = TransactionDatabase & {
  transaction<T>(work: (db: TransactionDatabase) => Promise<T>): Promise<T>
}

export type Access = 'read only' | 'read write'

export type TransactionOptions = {
  readonly access: Access
  /** Ends the transaction and cancels its statement on the server. */
  readonly signal?: AbortSignal
  /** ms from now, waiting for a connection included. */
  readonly deadline?: number
  /** Read only: always repeatable read, one snapshot. Read write: read committed unless said. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
  /** ms for each statement instead of what the connections allow. */
  readonly statementTimeout?: number
}

/** Where the time of a transaction went, written down while it goes; ms, added up. */
export type Timing = {
  /** Waiting for a connection. */
  pool: number | undefined
  /** Waiting for the database's results. */
  db: number | undefined
}

export type RequestOptions = {
  readonly access: Access
  /** ms from now. */
  readonly deadline: number
  /** Aborts when the client goes away. Asked for late and seldom: making it costs as much as a short transaction. */
  readonly signal: () => AbortSignal
  readonly timing: Timing
}

/** A request's database, and the end its middleware brings to it. */
export type RequestTransaction = {
  readonly db: RequestDatabase
  /** Resolves once committed. @throws what made it impossible; then all is rolled back */
  commit(): Promise<void>
  /** Resolves once the connection is released; what still runs is cancelled on the server. */
  rollback(): Promise<void>
}

export type Pool = {
  /**
   * Runs `work` in a transaction and commits it; a read write one is done again (3 tries) after a serialization
   * failure or a deadlock. So `work` must do nothing but run statements and compute: the rest is for `afterCommit`.
   */
  transaction<T>(
    options: TransactionOptions,
    work: (db: TransactionDatabase) => Promise<T>,
  ): Promise<T>
  /** A lazy transaction whose end is the caller's to say. */
  request(options: RequestOptions): RequestTransaction
  /** How many more may come now without waiting long. Asked for every request: it takes nothing. */
  room(): number
  stats(): PoolStats
  /** Rejects callers and closes every connection, those in use when released or after 5 s. */
  close(): Promise<void>
}

export type PoolStats = {
  readonly size: number
  readonly inUse: number
  /** Connected and free. */
  readonly idle: number
  readonly waiting: number
  /** Since the start: connections acquired, waits that timed out, callers rejected by a full queue. */
  readonly acquired: number
  readonly timeouts: number
  readonly rejected: number
  /** ms waited for a connection, of the last acquisitions. */
  readonly wait: { readonly p50: number; readonly p95: number; readonly max: number }
}

/** What happens on the way to the database; durations in ms. */
export type DatabaseEvent =
  | { readonly type: 'opened' | 'closed' }
  | { readonly type: 'acquired'; readonly wait: number }
  | { readonly type: 'released'; readonly held: number }
  | { readonly type: 'timed_out' | 'rejected'; readonly wait: number; readonly waiting: number }
  | { readonly type: 'leaked'; readonly held: number; readonly statement: string | undefined }
  | {
      readonly type: 'statement'
      readonly name: string
      readonly duration: number
      readonly rows: number
      readonly error?: unknown
    }
  /** The statement of a caller who is gone or late; `destroyed` when the connection had to be given up with it. */
  | {
      readonly type: 'cancelled'
      readonly statement: string | undefined
      readonly destroyed: boolean
    }
  | { readonly type: 'retried'; readonly attempt: number; readonly error: unknown }
  /** A commit or rollback nobody waits for. */
  | { readonly type: 'end_failed'; readonly error: unknown }
  /** A callback given to `afterCommit` threw. */
  | { readonly type: 'after_commit_failed'; readonly error: unknown }
