import type { AfterCommit, DatabaseEvent, TransactionDatabase } from '../database.ts'
import { compile, type Statement } from '../statement.ts'
import { callAfter } from './after-commit.ts'
import type { Connection } from './connection.ts'
import { trackInFlight } from './in-flight.ts'
import type { Lease } from './leaks.ts'
import { acquire } from './open.ts'
import type { WaitQueue } from './queue.ts'
import {
  commit,
  isOver,
  onAnswered,
  rollback,
  sendCommit,
  type Transaction,
  type TransactionSettings,
} from './transaction.ts'

/** A transaction that takes a connection with its first statement, and none without. */
export type LazyTransaction = TransactionDatabase & {
  readonly isOpened: boolean
  /** Resolves once committed. @throws what made it impossible; then everything is rolled back */
  commit(): Promise<void>
  /** Resolves once the connection is released; what still runs is cancelled on the server. */
  rollback(): Promise<void>
}

type Values = Readonly<Record<string, unknown>>

export function lazyTransaction(
  queue: WaitQueue<Connection>,
  on: (event: DatabaseEvent) => void,
  settings: TransactionSettings,
): LazyTransaction {
  let tx = idleTransaction(queue, on, settings)
  let isRenewed = false
  let callbacks: AfterCommit[] | undefined
  let isEnded = false

  /** Once: nothing ran behind a `begin` that met the aborted transaction of another. */
  function renew(stale: Transaction) {
    if (tx !== stale || isRenewed) return
    isRenewed = true
    tx = idleTransaction(queue, on, settings)
    void rollback(stale)
  }

  return {
    get isOpened() {
      return tx.lease !== undefined || tx.acquired !== undefined
    },
    run(query, ...[values]) {
      const run = () => execute(tx, query, (values ?? {}) as Values)
      const used = tx
      const rows = run().catch((error: unknown) => {
        if (!used.isStale || isEnded) throw error
        renew(used)
        return run()
      })
      // one of several may fail while the caller still waits for another
      rows.catch(() => {})
      return rows
    },
    afterCommit(callback) {
      if (isEnded) throw new Error('afterCommit came after the end')
      callbacks ??= []
      callbacks.push(callback)
    },
    commit() {
      isEnded = true
      const committed = commit(tx)
      return callbacks ? callAfter(committed, callbacks.splice(0), on) : committed
    },
    rollback() {
      isEnded = true
      return rollback(tx)
    },
  }
}

function idleTransaction(
  queue: WaitQueue<Connection>,
  on: (event: DatabaseEvent) => void,
  settings: TransactionSettings,
): Transaction {
  const tx: Transaction = {
    ...settings,
    queue,
    on,
    inFlight: trackInFlight((failed) => onAnswered(tx, failed)),
    state: 'idle',
    failure: undefined,
    acquired: undefined,
    lease: undefined,
    only: undefined,
    begun: undefined,
    isLost: false,
    isStale: false,
    committed: undefined,
    ended: undefined,
    stopWatching: undefined,
  }
  return tx
}

async function execute<Params, Row>(
  tx: Transaction,
  query: Statement<Params, Row>,
  values: Values,
): Promise<Row[]> {
  const statement = compile(query)
  const bound = statement.bind(values)
  refuse(tx, query.name)
  const isOnly = query.isOnly === true && tx.access === 'read only' && tx.state === 'idle'
  const acquired = tx.lease ? undefined : acquire(tx)
  if (isOnly) tx.only = query.name
  if (acquired) await acquired
  const lease = leaseOf(tx)
  lease.statement = query.name
  const start = performance.now()
  try {
    const answer = tx.inFlight.track(lease.connection.send(statement, bound))
    if (isOnly) sendCommit(tx, lease).catch(() => {})
    const rows = await answer
    const duration = addDuration(tx, start)
    tx.on({ type: 'statement', name: query.name, duration, rows: rows.length })
    return (statement.map ? rows.map(statement.map) : rows) as Row[]
  } catch (error) {
    tx.on({ type: 'statement', name: query.name, duration: addDuration(tx, start), rows: 0, error })
    throw error
  }
}

/** @throws what keeps a statement from running: what failed before, or the end */
function refuse(tx: Transaction, name: string): void {
  if (tx.failure) throw tx.failure.error
  if (tx.only) throw new Error(`${name} came after ${tx.only}, which says it is the only statement`)
  if (isOver(tx)) throw new Error(`${name} came after the end`)
}

function leaseOf({ lease }: Transaction): Lease<Connection> {
  if (!lease) throw new Error('No connection is held')
  return lease
}

/** @returns ms since `start`, which are added to the time spent waiting for the database */
function addDuration({ timing }: Transaction, start: number): number {
  const duration = performance.now() - start
  timing.db = (timing.db ?? 0) + duration
  return duration
}
