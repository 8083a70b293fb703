import type { IncomingMessage, ServerResponse } from 'node:http'
import { deque } from './deque.ts'

export type Handle = (incoming: IncomingMessage, outgoing: ServerResponse) => void

export type AdmissionOptions = {
  /** How many more may be let in now without waiting long inside. */
  readonly room: () => number
  /** Whether the request can be answered without what the others wait for. */
  readonly isQuick: (incoming: IncomingMessage) => boolean
  /** ms a request is held outside at least before it is refused. */
  readonly patience: number
  /** Requests held at once; beyond, the oldest is refused before its time. */
  readonly limit: number
  readonly refuse: Handle
}

type Held = {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  /** `performance.now()` */
  readonly since: number
}

/** ms of a turn of the event loop in which requests are begun: in between, sockets are read and accepted. */
const turnBudget = 15
/** Refused are 1,000 a second, more only where one would be held longer than so many times its patience. */
const mostPatience = 5
/** ms until a crowded database is looked at again. */
const crowdedDelay = 5

/**
 * Lets requests in as fast as they can be served and holds the others outside, where they cost memory alone: the
 * oldest goes first, or the newest while too many wait to serve them all in time. Who is refused is refused late, and
 * few at a time, so that a crowd is not back at once.
 */
export function admission(serve: Handle, options: AdmissionOptions): Handle {
  const { room, isQuick, patience, limit, refuse } = options
  /** Those that wait for their turn only, and those that wait for the database. */
  const [quick, others] = [lane(serve, patience), lane(serve, patience)]
  const lanes = [quick, others]
  let turnEnd = 0
  let isTurning = false
  let refusedAt = 0

  function arrive(incoming: IncomingMessage, outgoing: ServerResponse) {
    const now = performance.now()
    if (!isTurning) {
      turnEnd = now + turnBudget
      isTurning = true
      setImmediate(endTurn)
    }
    const own = isQuick(incoming) ? quick : others
    const mayEnter = own.size === 0 && now < turnEnd && (own === quick || room() > 0)
    if (mayEnter) return own.enter(incoming, outgoing)
    own.hold({ incoming, outgoing, since: now })
    if (own.size > limit) turnAway(own.oldest())
  }

  function endTurn() {
    isTurning = false
    if (quick.size + others.size === 0) return
    refuseExpired()
    turnEnd = performance.now() + turnBudget
    quick.letIn(turnEnd, Infinity)
    others.letIn(turnEnd, room())
    if (quick.size + others.size === 0) return
    isTurning = true
    if (performance.now() < turnEnd) setTimeout(endTurn, crowdedDelay)
    else setImmediate(endTurn)
  }

  function refuseExpired() {
    const now = performance.now()
    const perMs = Math.max(1, (quick.size + others.size) / (mostPatience * patience))
    let most = Math.ceil((now - refusedAt) * perMs)
    refusedAt = now
    for (const each of lanes) {
      for (let one = each.oldest(now - patience); one; one = each.oldest(now - patience)) {
        turnAway(one)
        most -= 1
        if (most <= 0) return
      }
    }
  }

  function turnAway(one: Held | undefined) {
    if (one && !one.outgoing.destroyed) refuse(one.incoming, one.outgoing)
  }

  return arrive
}

/** ms over which the rate of a lane is measured. */
const rateWindow = 1000

/** Requests held back together, and how fast they get in. */
function lane(serve: Handle, patience: number) {
  const held = deque<Held>()
  /** Requests let in per ms. */
  let rate = Infinity
  let entered = 0
  let measuredAt = performance.now()

  function enter(incoming: IncomingMessage, outgoing: ServerResponse) {
    entered += 1
    serve(incoming, outgoing)
  }

  function measureRate(now: number) {
    const elapsed = now - measuredAt
    if (elapsed < rateWindow) return
    rate = entered / elapsed
    entered = 0
    measuredAt = now
  }

  return {
    get size() {
      return held.size
    },
    enter,
    hold: held.push,
    /** Takes the oldest out, if it came before the time given. */
    oldest(before = Infinity): Held | undefined {
      const first = held.first()
      return first && first.since <= before ? held.shift() : undefined
    },
    /** What is let in reaches the database only after this turn: `room` counts it. */
    letIn(until: number, room: number) {
      measureRate(performance.now())
      const canServeAll = held.size <= rate * patience * 0.75
      for (let left = room; left > 0 && held.size > 0 && performance.now() < until; ) {
        const isInTime = (held.first()?.since ?? 0) > until - patience
        const next = canServeAll && isInTime ? held.shift() : held.pop()
        if (!next || next.outgoing.destroyed) continue
        enter(next.incoming, next.outgoing)
        left -= 1
      }
    },
  }
}
