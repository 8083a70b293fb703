import type { DatabaseEvent } from '../database.ts'

/** A connection acquired and not yet released. */
export type Lease<Connection> = {
  readonly connection: Connection
  /** `performance.now()` */
  readonly since: number
  /** The last statement run: what the leak watch names. */
  statement: string | undefined
  isReported: boolean
}

export type LeakWatch = {
  /** To be called when a connection is lent. */
  watch(): void
  stop(): void
}

/** Reports each lease held longer than `leakAfter` ms, once. One timer for all of them, alive only while there are some. */
export function watchLeaks(
  leases: ReadonlySet<Lease<unknown>>,
  leakAfter: number,
  on: (event: DatabaseEvent) => void,
): LeakWatch {
  let timer: ReturnType<typeof setTimeout> | undefined

  function report() {
    const now = performance.now()
    for (const lease of leases) {
      const held = now - lease.since
      if (lease.isReported || held < leakAfter) continue
      lease.isReported = true
      on({ type: 'leaked', held, statement: lease.statement })
    }
    timer = leases.size > 0 ? setTimeout(report, leakAfter / 2) : undefined
  }

  return {
    watch() {
      timer ??= setTimeout(report, leakAfter)
    },
    stop: () => clearTimeout(timer),
  }
}
