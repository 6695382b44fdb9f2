import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/signing/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // One file at a time: each starts servers, and the clients keep both cores busy.
    fileParallelism: false,
    maxWorkers: 1,
    pool: 'forks',
    // Inside a file the tests go in order: what one signs the next one verifies.
    sequence: { concurrent: false },
  },
})
