/** How many waiting callers are served in a time, learned from the last ones: what the process takes is in it. */
export type ServiceRate = {
  /** Somebody begins to wait where nobody did. */
  begin(): void
  /** One of those who wait is served. */
  served(): void
  /** Callers served in `time` ms; `least` at least, any number before one had to wait. */
  callersIn(time: number): number
}

/** Weight of the last caller: some fifty make the mean, so that a slow one says little. */
const weight = 1 / 50

export function serviceRate(least: number): ServiceRate {
  /** ms from one to the next while somebody waits. */
  let mean: number | undefined
  let last = 0
  return {
    begin() {
      last = performance.now()
    },
    served() {
      const now = performance.now()
      const interval = now - last
      mean = mean === undefined ? interval : mean + (interval - mean) * weight
      last = now
    },
    callersIn: (time) => (mean === undefined ? Infinity : Math.max(least, time / mean)),
  }
}
