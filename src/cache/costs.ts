/** Loads remembered per name. */
const window = 100
/** Below this many loads a p95 says nothing. */
const enough = 20

export type Costs = {
  record(name: string, duration: number): void
  /** 95th percentile of the last 100 loads, ms; undefined before there were 20. */
  p95(name: string): number | undefined
}

/** What loading costs, by name. */
export function loadCosts(): Costs {
  const byName = new Map<string, Loads>()
  return {
    record(name, duration) {
      let loads = byName.get(name)
      if (!loads) {
        loads = { durations: new Float64Array(window), count: 0, p95: undefined }
        byName.set(name, loads)
      }
      loads.durations[loads.count++ % window] = duration
      // one sort per 20 loads: 3 µs each
      if (loads.count % enough === 0) loads.p95 = percentile95(loads)
    },
    p95: (name) => byName.get(name)?.p95,
  }
}

type Loads = { readonly durations: Float64Array; count: number; p95: number | undefined }

function percentile95({ durations, count }: Loads) {
  const sorted = durations.slice(0, Math.min(count, window)).sort()
  return sorted[Math.ceil(sorted.length * 0.95) - 1]
}
