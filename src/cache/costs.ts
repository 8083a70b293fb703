import { type Durations, lastDurations, percentile } from '../db/durations.ts'

/** Loads remembered per name. */
const window = 100
/** Below this many loads a p95 says nothing. */
const enough = 20

export type Costs = {
  record(name: string, duration: number): void
  /** 95th percentile of the last 100 loads, ms; undefined before there were 20. */
  p95(name: string): number | undefined
}

type Loads = { readonly durations: Durations; p95: number | undefined }

/** What loading costs, by name. */
export function loadCosts(): Costs {
  const byName = new Map<string, Loads>()
  return {
    record(name, duration) {
      let loads = byName.get(name)
      if (!loads) {
        loads = { durations: lastDurations(window), p95: undefined }
        byName.set(name, loads)
      }
      const { durations } = loads
      durations.add(duration)
      // one sort per 20 loads: 3 µs each
      if (durations.count % enough === 0) loads.p95 = percentile(durations.sorted(), 0.95)
    },
    p95: (name) => byName.get(name)?.p95,
  }
}
