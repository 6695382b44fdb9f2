import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/console/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // One file at a time: each has a server and a browser, which keep both cores busy.
    fileParallelism: false,
    maxWorkers: 1,
    pool: 'forks',
    sequence: { concurrent: false },
    // Tests that say that they are concurrent: one for each core of a small machine.
    maxConcurrency: 2,
  },
})
