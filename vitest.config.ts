import { defineConfig } from 'vitest/config'
import { summary } from './test/support/summary.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', summary],
    maxWorkers: '100%',
    // a worker loads the program once, for all of its files: they take turns in it
    isolate: false,
    // as the program starts: a worker loads drizzle in a tenth of the time
    execArgv: ['--import', './scripts/preload.js'],
    // tests wait for facts, however busy the machine: these end what hangs
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
})
