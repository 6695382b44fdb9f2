import { openAccess } from './access/open.ts'
import type { TokenService } from './access/tokens.ts'
import type { Users } from './access/users.ts'
import type { Config } from './config/schema.ts'
import { lockDataDirectory } from './data-lock.ts'
import { BodyBuffers } from './http/distribution/body-buffers.ts'
import { UploadLocations } from './http/distribution/upload-location.ts'
import { Forwarding } from './http/forwarded.ts'
import { Health } from './http/health.ts'
import { openMetricsListener } from './http/metrics-listener.ts'
import { HttpServer } from './http/server.ts'
import { openTls } from './http/tls.ts'
import type { Logger } from './log.ts'
import type { Database } from './metadata/database.ts'
import { readLevels } from './metadata/levels.ts'
import { openDatabase } from './metadata/open.ts'
import { getOrCreateSecret } from './metadata/secrets.ts'
import { Metrics } from './metrics.ts'
import type { Clock } from './registry/grace.ts'
import { type Registry, openRegistry } from './registry/open.ts'
import type { StorageDriver } from './storage/driver.ts'
import { openStorage } from './storage/open.ts'
import { startHousekeeping } from './worker/housekeeping.ts'

/** A running Berth. */
export type App = {
  /** Where clients reach it from this machine, such as `http://127.0.0.1:5000`. */
  readonly url: string
  readonly metricsUrl: string | undefined
  /** Set at the very first start; the password only when it was generated. */
  readonly administrator: { name: string; password: string | undefined } | undefined
  readonly caCertificateFile: string | undefined
  readonly database: Database
  readonly storage: StorageDriver
  readonly registry: Registry
  readonly users: Users
  /** Lets the requests under way finish, then releases everything. Calling it twice is harmless. */
  close(): Promise<void>
  /** Resolves when the app has been closed. */
  readonly closed: Promise<void>
}

/** The only place that constructs. What it opened before a failure is closed again. */
export async function openApp(
  config: Config,
  parts: { logger: Logger; clock?: Clock; storage?: StorageDriver },
): Promise<App> {
  const { logger, clock = () => new Date() } = parts
  const opened: (() => unknown)[] = []
  const closeAll = async () => {
    for (let close = opened.pop(); close; close = opened.pop()) await close()
  }
  try {
    const lock = lockDataDirectory(config.dataDirectory)
    opened.push(() => lock.release())
    const database = await openDatabase(config.metadata)
    opened.push(() => database.close())
    const storage = parts.storage ?? (await openStorage(config.storage))
    opened.push(() => storage.close())

    const access = await openAccess({ database, options: config.access })
    const administrator = await access.users.ensureAdministrator(config.access.administrator)
    const registry = openRegistry({ database, storage, config, clock })
    opened.push(() => registry.uploads.close())

    const metrics = new Metrics()
    const tls = await openTls(config.http.tls, config.dataDirectory, logger)
    const forwarding = new Forwarding(config.http)
    const server = await HttpServer.open({
      config: config.http,
      logger,
      metrics: metrics.http,
      health: new Health(readinessChecks(database, storage)),
      tls,
      door: {
        ...registry,
        authenticator: access.authenticator,
        tokens: access.tokens,
        uploadLocations: new UploadLocations(
          await getOrCreateSecret(database, 'upload-location', 32),
        ),
        bodyBuffers: new BodyBuffers(),
        forwarding,
        manifestMaxBytes: config.registry.manifestMaxBytes,
        isOpen: config.access.anonymousRole === 'admin',
      },
    })
    opened.push(() => server.close())
    metrics.onScrape(async () => {
      metrics.http.requestsInFlight.set(server.inFlight)
      await sampleLevels(metrics, database, storage)
    })
    const metricsListener = await openMetricsListener(config.metrics, metrics)
    opened.push(() => metricsListener?.close())
    const housekeeping = startHousekeeping({ ...registry, config, logger, metrics })
    opened.push(() => housekeeping.stop())

    const closed = Promise.withResolvers<void>()
    let closing: Promise<void> | undefined
    return {
      url: urlOf(config, server.address),
      metricsUrl: metricsListener?.url,
      administrator: administrator.created
        ? { name: administrator.name, password: administrator.password }
        : undefined,
      caCertificateFile: tls?.caCertificateFile,
      database,
      storage,
      registry,
      users: access.users,
      close: () => (closing ??= closeAll().finally(() => closed.resolve())),
      closed: closed.promise,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

/** What `berth user` needs: the database, beside a server that may be running. */
export async function openAccessOffline(
  config: Config,
): Promise<{ users: Users; tokens: TokenService; close(): Promise<void> }> {
  const database = await openDatabase(config.metadata)
  const { users, tokens } = await openAccess({ database, options: config.access })
  return { users, tokens, close: () => database.close() }
}

/** What `berth gc` and `berth verify` need: the database and the store, beside a server that may be running. */
export async function openRegistryOffline(
  config: Config,
): Promise<{ database: Database; registry: Registry; close(): Promise<void> }> {
  const database = await openDatabase(config.metadata)
  const storage = await openStorage(config.storage)
  const registry = openRegistry({ database, storage, config, clock: () => new Date() })
  return {
    database,
    registry,
    async close() {
      await registry.uploads.close()
      await storage.close()
      await database.close()
    },
  }
}

async function sampleLevels(
  metrics: Metrics,
  database: Database,
  storage: StorageDriver,
): Promise<void> {
  const levels = await readLevels(database.read, new Date().toISOString())
  metrics.uploadSessionsOpen.set(levels.uploadSessionsOpen)
  metrics.trashDue.set(levels.trashDue)
  metrics.damagedBlobs.set(levels.damagedBlobs)
  const space = await storage.space()
  if (space) metrics.storageFreeBytes.set(space.free)
}

function readinessChecks(database: Database, storage: StorageDriver) {
  return [
    {
      name: 'database',
      check: async () => {
        await database.read.selectFrom('secrets').select('name').limit(1).execute()
      },
    },
    {
      name: 'storage',
      check: async () => {
        // Whether it answers; a full store still serves pulls, so it is no reason to send clients away.
        await storage.space()
      },
    },
  ]
}

function urlOf(config: Config, address: { address: string; port: number; family: string }): string {
  if (config.http.externalUrl !== undefined) return config.http.externalUrl
  const scheme = config.http.tls.kind === 'off' ? 'http' : 'https'
  const anywhere = address.address === '0.0.0.0' || address.address === '::'
  const host = anywhere
    ? 'localhost'
    : address.family === 'IPv6'
      ? `[${address.address}]`
      : address.address
  return `${scheme}://${host}:${address.port}`
}
