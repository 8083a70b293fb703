import { configDefaults, defineConfig } from 'vitest/config'
import { summary } from './test/support/summary.ts'

/** They replace the clock, and count timers: of a process in which nothing else is still at work. */
const withFakeTimers = [
  'test/auth/verdict.test.ts',
  'test/cache/memory.test.ts',
  'test/commands/progress.test.ts',
  'test/db/pool/{deadline,leaks,queue,service-rate}.test.ts',
  'test/db/time-limit.test.ts',
  'test/observability/sampling.test.ts',
]

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...withFakeTimers],
          globalSetup: ['test/support/global-setup.ts'],
          // a worker loads the program once, for all of its files: they take turns in it
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: withFakeTimers } },
    ],
    reporters: ['default', summary],
    maxWorkers: '100%',
    // as the program starts: a worker loads drizzle in a tenth of the time
    execArgv: ['--import', './scripts/preload.js'],
    // tests wait for facts, however busy the machine: these end what hangs
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
  },
})
