import { failed } from './report.ts'
import { measureBesideWrites } from './scenarios/beside-writes.ts'
import { measureCached } from './scenarios/cached.ts'
import { measureCrowds } from './scenarios/crowds.ts'
import { measureDepth } from './scenarios/depth.ts'
import { measureFold } from './scenarios/fold.ts'
import { measureGrowth } from './scenarios/growth.ts'
import { measureIdle } from './scenarios/idle.ts'
import { measureImport } from './scenarios/import.ts'
import { measureNetwork } from './scenarios/network.ts'
import { measureNewRows } from './scenarios/new-rows.ts'
import { measureOverload } from './scenarios/overload.ts'
import { measurePages } from './scenarios/pages.ts'
import { measureRoutes } from './scenarios/routes.ts'
import type { Bench, Scenario } from './scenarios/scenario.ts'
import { measureStart } from './scenarios/start.ts'
import { measureWrites } from './scenarios/writes.ts'

/** In the order they are measured in. */
export const scenarios: Readonly<Record<string, Scenario>> = {
  start: measureStart,
  pages: measurePages,
  routes: measureRoutes,
  depth: measureDepth,
  crowds: measureCrowds,
  growth: measureGrowth,
  beside: measureBesideWrites,
  idle: measureIdle,
  cached: measureCached,
  network: measureNetwork,
  import: measureImport,
  writes: measureWrites,
  new: measureNewRows,
  fold: measureFold,
  overload: measureOverload,
}

/** One after the other; what fails has its line in the report. @returns whether all were measured */
export async function measureEach(
  chosen: Readonly<Record<string, Scenario>>,
  bench: Bench,
): Promise<boolean> {
  let isComplete = true
  for (const [name, measure] of Object.entries(chosen)) {
    const begun = performance.now()
    try {
      await measure(bench)
    } catch (error) {
      bench.report.row(failed(name, error))
      isComplete = false
    }
    bench.report.say(`\n${name}: ${((performance.now() - begun) / 1000).toFixed(0)} s`)
  }
  return isComplete
}
