import { databaseUnavailable, timeout } from '../../errors/error.ts'
import type { Access, Database, DatabaseEvent, Spent } from '../database.ts'
import { compile, type Statement } from '../statement.ts'
import type { Link } from './connection.ts'
import { type Failure, inFlight } from './in-flight.ts'
import type { Gate, Lease } from './queue.ts'
import { clear } from './reset.ts'

export type LazyOptions = {
  readonly access: Access
  /** The command that opens it. */
  readonly begin: string
  /** `performance.now()` when the transaction is cancelled and its caller told; Infinity for never. */
  readonly deadline: number
  /** Asked for late, and seldom: making a request's signal costs as much as a short transaction. */
  readonly signal: (() => AbortSignal) | undefined
  /** Where the time spent is written down; ms. */
  readonly spent: Spent
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
const patience = 25

export function lazyTransaction(
  gate: Gate<Link>,
  on: (event: DatabaseEvent) => void,
  { access, begin, deadline, signal, spent }: LazyOptions,
): LazyTransaction {
  const flight = inFlight((failed) => {
    // what follows a failed statement fails too (25P02): the first failure is the one to tell
    if (failed) fail(isLost ? databaseUnavailable(failed.error) : failed.error)
    return failure
  })
  let opening: Promise<void> | undefined
  let lease: Lease<Link> | undefined
  let begun: PromiseLike<unknown> = Promise.resolve()
  let ending: Promise<void> | undefined
  /** Why nothing can run any more. */
  let failure: Failure | undefined
  let isOver = false
  let isLost = false
  let isCommitting = false
  let isReleased = false
  let clock: ReturnType<typeof setTimeout> | undefined
  let client: AbortSignal | undefined

  async function ask<Params, Row>(query: Statement<Params, Row>, values: Values): Promise<Row[]> {
    const statement = compile(query)
    const bound = statement.bind(values)
    if (isOver || failure) throw failure?.error ?? new Error(`${query.name} came after the end`)
    if (!lease) {
      const opened = open()
      if (opened) await opened
    }
    const held = theLease()
    held.statement = query.name
    const start = performance.now()
    try {
      const rows = await flight.follow(held.slot.send(statement, bound))
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
    spent.db = (spent.db ?? 0) + duration
    return duration
  }

  /** Nothing to wait for when a slot is free: `begin` and the first statement leave in one packet. */
  function open(): Promise<void> | undefined {
    if (opening) return opening
    const asked = performance.now()
    if (asked >= deadline) throw timeout()
    const start = (taken: Lease<Link>) => {
      spent.pool = performance.now() - asked
      if (!isOver) return starts(taken)
      gate.release(taken)
      throw new Error('The transaction ended while it waited for a connection')
    }
    const taken = gate.acquire({ timeLeft: deadline - asked, signal })
    if (!(taken instanceof Promise)) return start(taken)
    opening = taken.then(start)
    opening.catch(fail)
    return opening
  }

  function starts(taken: Lease<Link>): undefined {
    lease = taken
    const link = taken.slot
    try {
      begun = link.begin(begin)
    } catch (error) {
      letGo()
      throw error
    }
    begun.then(undefined, (error) => {
      flight.refuse(fail(error))
      // what follows waits in the driver for a connection that will never stand
      if (!link.isConnected) flight.takeBack()
    })
    link.onLost = lost
    const left = Math.max(0, deadline - performance.now())
    if (signal) clock = setTimeout(tick, Math.min(patience, left))
    else if (left < Infinity) clock = setTimeout(tick, left)
  }

  function fail(error: unknown): unknown {
    failure ??= { error }
    return failure.error
  }

  /** What the driver has not sent must not follow on another connection. */
  function lost() {
    isLost = true
    if (flight.size === 0) fail(databaseUnavailable(new Error('The connection was lost')))
    flight.takeBack()
  }

  function tick() {
    if (signal && !client) {
      client = signal()
      client.addEventListener('abort', hungUp)
      if (client.aborted) return hungUp()
    }
    const left = deadline - performance.now()
    if (left <= 0) giveUp(timeout())
    else if (left < Infinity) clock = setTimeout(tick, left)
  }

  function hungUp() {
    giveUp(timeout(client?.reason))
  }

  function giveUp(error: Error) {
    fail(error)
    flight.refuse(error)
    ending ??= stop()
  }

  async function commit() {
    isOver = true
    if (!lease) return
    if (isHarmless()) return handOn(lease)
    if (!failure) {
      isCommitting = true
      try {
        const { command } = await flight.follow(lease.slot.command('commit'))
        if (command === 'COMMIT') return letGo()
        fail(new Error(`PostgreSQL answered the commit with ${command}`))
      } catch (error) {
        fail(error)
      }
    }
    void rollback()
    throw failure?.error
  }

  /** Nothing was changed, failed or is still running: it does not matter how it ends. */
  const isHarmless = () => access === 'read only' && !failure && flight.size === 0

  /**
   * A read cannot fail to commit, and leaves nothing behind: whoever has the connection next sends behind this commit,
   * in the same packet when he waits already. Over a network that is twice the reads per connection.
   */
  async function handOn({ slot }: Lease<Link>) {
    const ended = slot.command('commit').then(() => {})
    letGo()
    await ended
  }

  async function rollback() {
    isOver = true
    if (!lease || isReleased) return
    if (isHarmless()) return handOn(lease).catch(() => {})
    ending ??= stop()
    await ending
  }

  async function stop() {
    isOver = true
    stopClock()
    const { slot: link, statement } = theLease()
    const isCancel = flight.size > 0 && !isCommitting
    const isClean = await clear({ link, begun, flight, isCommitting })
    if (isCancel) on({ type: 'cancelled', statement, destroyed: !isClean })
    letGo()
  }

  function stopClock() {
    clearTimeout(clock)
    client?.removeEventListener('abort', hungUp)
  }

  function letGo() {
    if (!lease || isReleased) return
    isReleased = true
    stopClock()
    lease.slot.onLost = undefined
    lease.slot.retire()
    gate.release(lease)
  }

  function theLease(): Lease<Link> {
    if (!lease) throw new Error('No connection is held')
    return lease
  }

  return {
    get isOpened() {
      return lease !== undefined || opening !== undefined
    },
    run(query, ...[values]) {
      const rows = ask(query, (values ?? {}) as Values)
      // one of several may fail while the caller still waits for another
      rows.catch(() => {})
      return rows
    },
    commit,
    rollback,
  }
}
