import type { Reporter, TestModule } from 'vitest/node'

/**
 * One plain line at the end, for programs that read the output, after each test that failed and each reason to skip one,
 * once. A file that cannot be loaded counts as a failed test.
 */
export const summary: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    let failed = unhandledErrors.length
    let passed = 0
    let skipped = 0
    const reasons = new Set<string>()
    const told = unhandledErrors.map(({ message }) => `outside of a test: ${firstLine(message)}`)
    for (const module of modules) {
      const tests = [...module.children.allTests()]
      const results = tests.map((test) => test.result())
      for (const test of tests) {
        const { state, errors = [] } = test.result()
        if (state === 'failed') told.push(lineOf(module, test.fullName, errors))
      }
      if (module.errors().length > 0) told.push(lineOf(module, 'not loaded', module.errors()))
      const states = results.map(({ state }) => state)
      for (const result of results) {
        if (result.state === 'skipped' && result.note) reasons.add(result.note)
      }
      const failures = states.filter((state) => state === 'failed').length
      passed += states.filter((state) => state === 'passed').length
      skipped += states.filter((state) => state === 'skipped').length
      failed += module.ok() ? failures : Math.max(1, failures)
    }
    for (const line of told) console.log(`failed: ${line}`)
    for (const reason of reasons) console.log(`skipped: ${reason}`)
    console.log(`tests: ${passed} passed, ${failed} failed, ${skipped} skipped`)
  },
}

type Told = readonly { readonly message: string }[]

const lineOf = ({ relativeModuleId }: TestModule, name: string, errors: Told): string =>
  `${relativeModuleId} > ${name}: ${firstLine(errors[0]?.message ?? '')}`
const firstLine = (message: string) => message.split('\n', 1)[0] ?? ''
