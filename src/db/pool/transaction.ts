import { databaseUnavailable, timeout } from '../../errors/error.ts'
import type { Access, Database, DatabaseEvent, Timing } from '../database.ts'
import { compile, type Statement } from '../statement.ts'
import type { Connection } from './connection.ts'
import { type Failure, trackInFlight } from './in-flight.ts'
import type { Lease, WaitQueue } from './queue.ts'
import { reset } from './reset.ts'

export type LazyTransactionOptions = {
  readonly access: Access
  /** The command that opens it. */
  readonly begin: string
  /** `performance.now()` when the transaction is cancelled and its caller told; Infinity for never. */
  readonly deadline: number
  /** Asked for late, and seldom: making a request's signal costs as much as a short transaction. */
  readonly signal: (() => AbortSignal) | undefined
  /** Where the time spent is written down; ms. */
  readonly timing: Timing
}

/** A transaction that takes a connection with its first statement, and none without. */
export type LazyTransaction = Database & {
  readonly isOpened: boolean
  /** Resolves once committed. @throws what made it impossible; then everything is rolled back */
  commit(): Promise<void>
  /** Resolves once the connection is given back; what still runs is cancelled on the server. */
  rollback(): Promise<void>
}

type Values = Readonly<Record<string, unknown>>

/** ms a client may be gone before it is looked for: most transactions are over by then. */
const clientCheckDelay = 25

export function lazyTransaction(
  queue: WaitQueue<Connection>,
  on: (event: DatabaseEvent) => void,
  { access, begin, deadline, signal, timing }: LazyTransactionOptions,
): LazyTransaction {
  const inFlight = trackInFlight((failed) => {
    // what follows a failed statement fails too (25P02): the first failure is the one to tell
    if (failed) fail(isLost ? databaseUnavailable(failed.error) : failed.error)
    return failure
  })
  let opening: Promise<void> | undefined
  let lease: Lease<Connection> | undefined
  let beginning: PromiseLike<unknown> = Promise.resolve()
  let ending: Promise<void> | undefined
  /** Why nothing can run any more. */
  let failure: Failure | undefined
  let isOver = false
  let isLost = false
  let isCommitting = false
  let isReleased = false
  let clock: ReturnType<typeof setTimeout> | undefined
  let client: AbortSignal | undefined

  async function execute<Params, Row>(
    query: Statement<Params, Row>,
    values: Values,
  ): Promise<Row[]> {
    const statement = compile(query)
    const bound = statement.bind(values)
    if (isOver || failure) throw failure?.error ?? new Error(`${query.name} came after the end`)
    if (!lease) {
      const opened = acquire()
      if (opened) await opened
    }
    const held = currentLease()
    held.statement = query.name
    const start = performance.now()
    try {
      const rows = await inFlight.track(held.connection.send(statement, bound))
      const duration = since(start)
      on({ type: 'statement', name: query.name, duration, rows: rows.length })
      return (statement.map ? rows.map(statement.map) : rows) as Row[]
    } catch (error) {
      on({ type: 'statement', name: query.name, duration: since(start), rows: 0, error })
      throw error
    }
  }

  function since(start: number) {
    const duration = performance.now() - start
    timing.db = (timing.db ?? 0) + duration
    return duration
  }

  /** Nothing to wait for when a slot is free: `begin` and the first statement leave in one packet. */
  function acquire(): Promise<void> | undefined {
    if (opening) return opening
    const asked = performance.now()
    if (asked >= deadline) throw timeout()
    const onAcquired = (taken: Lease<Connection>) => {
      timing.pool = performance.now() - asked
      if (!isOver) return start(taken)
      queue.release(taken)
      throw new Error('The transaction ended while it waited for a connection')
    }
    const taken = queue.acquire({ timeLeft: deadline - asked, signal })
    if (!(taken instanceof Promise)) return onAcquired(taken)
    opening = taken.then(onAcquired)
    opening.catch(fail)
    return opening
  }

  function start(taken: Lease<Connection>): undefined {
    lease = taken
    const connection = taken.connection
    try {
      beginning = connection.begin(begin)
    } catch (error) {
      release()
      throw error
    }
    beginning.then(undefined, (error) => {
      inFlight.rejectAll(fail(error))
      // what follows waits in the driver for a connection that will never stand
      if (!connection.isConnected) inFlight.cancelUnsent()
    })
    connection.onLost = onConnectionLost
    const left = Math.max(0, deadline - performance.now())
    if (signal) clock = setTimeout(onTick, Math.min(clientCheckDelay, left))
    else if (left < Infinity) clock = setTimeout(onTick, left)
  }

  function fail(error: unknown): unknown {
    failure ??= { error }
    return failure.error
  }

  /** What the driver has not sent must not follow on another connection. */
  function onConnectionLost() {
    isLost = true
    if (inFlight.size === 0) fail(databaseUnavailable(new Error('The connection was lost')))
    inFlight.cancelUnsent()
  }

  function onTick() {
    if (signal && !client) {
      client = signal()
      client.addEventListener('abort', onClientAbort)
      if (client.aborted) return onClientAbort()
    }
    const left = deadline - performance.now()
    if (left <= 0) abort(timeout())
    else if (left < Infinity) clock = setTimeout(onTick, left)
  }

  function onClientAbort() {
    abort(timeout(client?.reason))
  }

  function abort(error: Error) {
    fail(error)
    inFlight.rejectAll(error)
    ending ??= cancelAndRollback()
  }

  async function commit() {
    isOver = true
    if (!lease) return
    if (canReleaseEarly()) return commitAndRelease(lease)
    if (!failure) {
      isCommitting = true
      try {
        const { command } = await inFlight.track(lease.connection.command('commit'))
        if (command === 'COMMIT') return release()
        fail(new Error(`PostgreSQL answered the commit with ${command}`))
      } catch (error) {
        fail(error)
      }
    }
    void rollback()
    throw failure?.error
  }

  /** Nothing was changed, failed or is still running: it does not matter how it ends. */
  const canReleaseEarly = () => access === 'read only' && !failure && inFlight.size === 0

  /**
   * A read cannot fail to commit, and leaves nothing behind: whoever has the connection next sends behind this commit,
   * in the same packet when he waits already. Over a network that is twice the reads per connection.
   */
  async function commitAndRelease({ connection }: Lease<Connection>) {
    const ended = connection.command('commit').then(() => {})
    release()
    await ended
  }

  async function rollback() {
    isOver = true
    if (!lease || isReleased) return
    if (canReleaseEarly()) return commitAndRelease(lease).catch(() => {})
    ending ??= cancelAndRollback()
    await ending
  }

  async function cancelAndRollback() {
    isOver = true
    stopClock()
    const { connection, statement } = currentLease()
    const isCancel = inFlight.size > 0 && !isCommitting
    const isClean = await reset({ connection, beginning, inFlight, isCommitting })
    if (isCancel) on({ type: 'cancelled', statement, destroyed: !isClean })
    release()
  }

  function stopClock() {
    clearTimeout(clock)
    client?.removeEventListener('abort', onClientAbort)
  }

  function release() {
    if (!lease || isReleased) return
    isReleased = true
    stopClock()
    lease.connection.onLost = undefined
    lease.connection.closeIfExpired()
    queue.release(lease)
  }

  function currentLease(): Lease<Connection> {
    if (!lease) throw new Error('No connection is held')
    return lease
  }

  return {
    get isOpened() {
      return lease !== undefined || opening !== undefined
    },
    run(query, ...[values]) {
      const rows = execute(query, (values ?? {}) as Values)
      // one of several may fail while the caller still waits for another
      rows.catch(() => {})
      return rows
    },
    commit,
    rollback,
  }
}
