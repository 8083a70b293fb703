import type { BenchData } from '../data.ts'
import type { Report } from '../report.ts'
import type { Rounds } from '../rounds.ts'

export type Bench = Rounds & { readonly data: BenchData; readonly report: Report }
/** Measures and reports. @throws what kept it from measuring */
export type Scenario = (bench: Bench) => Promise<void>

/** Of Shopboard, which answers every request anew. */
export const uncached = { CACHE: 'off' }
