import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/cli/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 240_000,
    // One file at a time: each starts servers and engines that keep both cores busy.
    fileParallelism: false,
    maxWorkers: 1,
    pool: 'forks',
    sequence: { concurrent: false },
  },
})
