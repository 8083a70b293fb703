import { defineConfig } from 'vitest/config'
import { summary } from './test/support/summary.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', summary],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
