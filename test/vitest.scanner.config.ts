import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/scanner/*.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // One file at a time: what runs beside it would take the cores that are measured.
    fileParallelism: false,
    maxWorkers: 1,
    pool: 'forks',
    sequence: { concurrent: false },
  },
})
