import { timeout } from '../../errors/error.ts'
import type { DatabaseEvent, Pool, TransactionDatabase, TransactionOptions } from '../database.ts'
import { openConnection } from './connection.ts'
import { lazyTransaction } from './lazy-transaction.ts'
import { waitQueue } from './queue.ts'
import { retrying } from './retry.ts'
import type { TransactionSettings } from './transaction.ts'

/** Durations in ms. */
export type PoolOptions = {
  /** Connections at most. */
  readonly size: number
  /** Waiting for a free connection. */
  readonly acquireTimeout: number
  /** Callers that may wait at once. */
  readonly queueLimit: number
  readonly connectTimeout: number
  readonly statementTimeout: number
  readonly lockTimeout: number
  readonly idleInTransactionTimeout: number
  readonly applicationName: string
  /** What stands before the server: with `transaction` each transaction may run on another of its connections. */
  readonly pooler?: 'none' | 'transaction'
  /** Whether such a pooler keeps statements prepared, as `keepsPrepared` finds out; default no. */
  readonly isPreparing?: boolean
  /** A connection held longer is reported; 30,000 by default. */
  readonly leakAfter?: number
  /** Makes a socket, not connected yet: the driver's own holds a small packet back until the last is acknowledged. */
  readonly socket?: () => unknown
  readonly on: (event: DatabaseEvent) => void
}

/** ms that transactions under way get when the pool is closed. */
const closeTimeout = 5_000

/** Opens nothing yet: a connection is made when a statement first needs one. */
export function openPool(url: string, options: PoolOptions): Pool {
  const { size, connectTimeout, pooler = 'none', isPreparing = false, socket, on } = options
  const { parameters, local } = settingsOf(options, pooler)
  const connections = Array.from({ length: size }, () =>
    openConnection(url, {
      connectTimeout,
      parameters,
      pooler: pooler === 'none' ? 'none' : isPreparing ? 'prepared' : 'unprepared',
      on,
      ...(socket && { socket }),
    }),
  )
  const queue = waitQueue(connections, { leakAfter: 30_000, ...options })

  const beginRequest = {
    'read only': beginOf({ access: 'read only' }, local),
    'read write': beginOf({ access: 'read write' }, local),
  }
  const open = (settings: TransactionSettings) => lazyTransaction(queue, on, settings)
  const transaction = <T>(settings: TransactionSettings, work: Work<T>) =>
    retrying(() => open(settings), work, { tries: settings.access === 'read write' ? 3 : 1, on })

  return {
    async transaction(wanted, work) {
      const { access, signal, deadline = Infinity } = wanted
      if (signal?.aborted) throw timeout(signal.reason)
      const settings = {
        access,
        begin: beginOf(wanted, local),
        deadline: performance.now() + deadline,
        signal: signal && (() => signal),
        timing: { pool: undefined, db: undefined },
      }
      return transaction(settings, work)
    },

    request({ access, deadline, signal, timing }) {
      const settings = {
        access,
        begin: beginRequest[access],
        deadline: performance.now() + deadline,
        signal,
        timing,
      }
      const whole = open(settings)
      return {
        db: {
          run: whole.run,
          afterCommit: whole.afterCommit,
          async transaction(work) {
            if (whole.isOpened) throw new Error('transaction comes before any other statement')
            return transaction(settings, work)
          },
        },
        commit: whole.commit,
        rollback: whole.rollback,
      }
    },

    room: queue.room,

    stats() {
      const stats = queue.stats()
      const connected = connections.filter((connection) => connection.isConnected).length
      return { ...stats, idle: Math.max(0, connected - stats.inUse) }
    },

    async close() {
      await queue.close(closeTimeout)
      await Promise.all(connections.map((connection) => connection.close()))
    },
  }
}

type Work<T> = (db: TransactionDatabase) => Promise<T>

/** A write says no `read write`: a database or role set to read only must stay so. `local` follows it. */
function beginOf(options: TransactionOptions, local: string): string {
  const { access, isolation = 'read committed', statementTimeout } = options
  const begin =
    access === 'read only'
      ? 'begin isolation level repeatable read read only'
      : `begin isolation level ${isolation}`
  return statementTimeout === undefined
    ? begin + local
    : `${begin}${local}; set local statement_timeout = ${Math.ceil(statementTimeout)}`
}

/**
 * How every transaction is set up: once per connection, or, where a pooler hands connections on, with each `begin`,
 * and by the two parameters that any pooler keeps for its clients.
 */
function settingsOf(options: PoolOptions, pooler: 'none' | 'transaction') {
  const settings = {
    statement_timeout: options.statementTimeout,
    lock_timeout: options.lockTimeout,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeout,
    DateStyle: 'ISO',
    search_path: 'public',
    // one plan per statement, made once per connection: no statement of ours needs to know its values
    plan_cache_mode: 'force_generic_plan',
    // such a plan outlives the day its tables were small: it must not have settled for scanning them
    enable_seqscan: 'off',
    // a plan that cannot know its values is costed high, and compiling it would take longer than it runs
    jit: 'off',
  }
  const session = { application_name: options.applicationName, TimeZone: 'UTC' }
  if (pooler === 'none')
    return { parameters: { ...session, ...keepalives, ...settings }, local: '' }
  const local = Object.entries(settings).map(([name, value]) => `; set local ${name} = ${value}`)
  return { parameters: session, local: local.join('') }
}

/** s: TCP keepalive detects a lost client, because a backend that is reading ignores statement_timeout */
const keepalives = {
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
}
