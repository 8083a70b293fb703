import type { LogRecord } from './log-record.ts'

/** ms */
const window = 1000

/**
 * Lets the first line with each `sampleKey` pass in a second, and every line without one.
 * @returns for a line how many like it were left out since the last; undefined for one to leave out
 */
export function sampling(): (record: LogRecord) => number | undefined {
  const seen = new Map<string, { since: number; omitted: number }>()
  return ({ sampleKey }) => {
    if (sampleKey === undefined) return 0
    const now = performance.now()
    const last = seen.get(sampleKey)
    if (last && now - last.since < window) {
      last.omitted += 1
      return undefined
    }
    seen.set(sampleKey, { since: now, omitted: 0 })
    return last?.omitted ?? 0
  }
}
