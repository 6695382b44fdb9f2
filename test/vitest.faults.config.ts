import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/faults/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // One file at a time: what they measure and when they kill must not depend on one another.
    fileParallelism: false,
    maxWorkers: 1,
    pool: 'forks',
    sequence: { concurrent: false },
  },
})
