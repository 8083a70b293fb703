import type { Reporter } from 'vitest/node'

/**
 * One plain line at the end, for programs that read the output, after each reason to skip a test, once. A file that
 * cannot be loaded counts as a failed test.
 */
export const summary: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    let failed = unhandledErrors.length
    let passed = 0
    let skipped = 0
    const reasons = new Set<string>()
    for (const module of modules) {
      const results = [...module.children.allTests()].map((test) => test.result())
      const states = results.map(({ state }) => state)
      for (const result of results) {
        if (result.state === 'skipped' && result.note) reasons.add(result.note)
      }
      const failures = states.filter((state) => state === 'failed').length
      passed += states.filter((state) => state === 'passed').length
      skipped += states.filter((state) => state === 'skipped').length
      failed += module.ok() ? failures : Math.max(1, failures)
    }
    for (const reason of reasons) console.log(`skipped: ${reason}`)
    console.log(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped`)
  },
}
