import type { Reporter } from 'vitest/node'

/** One plain line at the end, for programs that read the output. A file that cannot be loaded counts as a failed test. */
export const summary: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    let failed = unhandledErrors.length
    let passed = 0
    let skipped = 0
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state)
      const failures = states.filter((state) => state === 'failed').length
      passed += states.filter((state) => state === 'passed').length
      skipped += states.filter((state) => state === 'skipped').length
      failed += module.ok() ? failures : Math.max(1, failures)
    }
    console.log(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped`)
  },
}
