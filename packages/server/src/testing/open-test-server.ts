import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InstanceRole } from '../actor.ts'
import { type App, openApp } from '../app.ts'
import { type ConfigSources, loadConfig } from '../config/load.ts'
import { createLogger } from '../log.ts'
import type { Clock } from '../registry/grace.ts'
import type { StorageDriver } from '../storage/driver.ts'

export type TestServer = {
  url: string
  app: App
  dataDirectory: string
  admin: { name: string; password: string }
  createUser(name: string, password: string, role: InstanceRole): Promise<void>
  /** Stops the server; the data stays until `close`. */
  stop(): Promise<void>
  close(): Promise<void>
}

/**
 * A whole Berth on a free port with its data in a temporary folder: SQLite, files, and no background work
 * unless asked for. Nothing is read from the environment.
 */
export async function openTestServer(
  overrides: NonNullable<ConfigSources['overrides']> = {},
  parts: {
    clock?: Clock
    storage?: StorageDriver
    dataDirectory?: string
    logTo?: NodeJS.WritableStream
  } = {},
): Promise<TestServer> {
  const dataDirectory = parts.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'berth-test-')))
  const admin = { name: 'admin', password: 'a long password of a test' }
  const config = loadConfig({
    environment: {},
    overrides: {
      dataDirectory,
      ...overrides,
      http: { port: 0, ...overrides.http },
      metrics: { enabled: false, ...overrides.metrics },
      log: { level: 'silent', ...overrides.log },
      access: { administrator: admin, ...overrides.access },
      collection: { enabled: false, ...overrides.collection },
      verification: { enabled: false, ...overrides.verification },
    },
  })
  const app = await openApp(config, { logger: createLogger(config.log, parts.logTo), ...parts })
  return {
    url: app.url,
    app,
    dataDirectory,
    admin,
    async createUser(name, password, role) {
      await app.access.users.createUser({ name, password, role })
    },
    stop: () => app.close(),
    async close() {
      await app.close()
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}
