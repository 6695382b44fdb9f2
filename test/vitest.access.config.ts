import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/access/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One file at a time: each starts servers.
    fileParallelism: false,
    maxWorkers: 1,
    pool: 'forks',
  },
})
