import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/**/*.test.ts', 'test/api-fuzz/*.test.ts'],
    globalSetup: ['packages/server/src/testing/postgres-setup.ts'],
    // Far above what any takes: a disk that stands still for half a minute is no fault of Berth.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Two at a time: the tests start real databases and servers.
    maxWorkers: 2,
    pool: 'forks',
    // It imports JSON in a way that Node alone refuses.
    server: { deps: { inline: ['@actions/workflow-parser'] } },
  },
})
