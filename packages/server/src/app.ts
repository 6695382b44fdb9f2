import { ClientCertificates } from './access/client-certificates.ts'
import { HtpasswdFile } from './access/htpasswd-file.ts'
import type { Access } from './access/open.ts'
import { CollectionState } from './browse/collection.ts'
import { LayerBrowser } from './browse/layers.ts'
import { ManifestBrowser } from './browse/manifests.ts'
import { Pulls } from './browse/pulls.ts'
import { RepositoryBrowser } from './browse/repositories.ts'
import { RepositoryText } from './browse/repository-text.ts'
import { RepositoryRemoval } from './browse/repository-removal.ts'
import { SystemHealth } from './browse/health.ts'
import { System } from './browse/system.ts'
import { TagBrowser } from './browse/tags.ts'
import type { Config } from './config/schema.ts'
import { listSettings } from './config/settings-list.ts'
import { lockDataDirectory } from './data-lock.ts'
import { loopbackUrl, pathPrefixOf, urlOf } from './http/addresses.ts'
import { authenticate } from './http/authenticate.ts'
import { consoleDirectory } from './http/console/directory.ts'
import { ConsoleDoor } from './http/console/serve.ts'
import { BodyBuffers } from './http/distribution/body-buffers.ts'
import type { Door } from './http/distribution/door.ts'
import { UploadLocations } from './http/distribution/upload-location.ts'
import { Forwarding } from './http/forwarded.ts'
import { Health } from './http/health.ts'
import { managementRoutes } from './http/management/routes.ts'
import { openManagement } from './http/management/server.ts'
import { openMetricsListener } from './http/metrics-listener.ts'
import { PeerCertificates } from './http/peer-certificates.ts'
import { RateLimit } from './http/rate-limit.ts'
import { RequestAudit } from './http/request-audit.ts'
import { ScannerAdapterDoor } from './http/scanner-adapter/serve.ts'
import { HttpServer } from './http/server.ts'
import { openTls } from './http/tls.ts'
import { Traffic } from './http/traffic.ts'
import { Jobs } from './jobs/jobs.ts'
import type { Logger } from './log.ts'
import type { Database } from './metadata/database.ts'
import { openDatabase } from './metadata/open.ts'
import { getOrCreateSecret } from './metadata/secrets.ts'
import { Metrics } from './metrics.ts'
import type { Clock } from './registry/grace.ts'
import { openCore } from './open-core.ts'
import { planCollection } from './registry/collection-plan.ts'
import { ProjectFigures } from './quota/project-figures.ts'
import { ReclaimableReports } from './quota/reclaimable.ts'
import { UsageReports } from './quota/usage-report.ts'
import type { Registry } from './registry/open.ts'
import { findInCatalogue } from './scan/catalogue-findings.ts'
import { openScanning } from './scan/open.ts'
import { openScanners } from './scanners/open.ts'
import { LabelIndexing } from './search/labels.ts'
import { Search } from './search/search.ts'
import { SearchUpkeep } from './search/upkeep.ts'
import { TrustedIdentities } from './signatures/identities.ts'
import { SigningKeys } from './signatures/keys.ts'
import { Provenances } from './signatures/provenance.ts'
import { TrustedRoots } from './signatures/roots.ts'
import { ImageSigning } from './signatures/sign.ts'
import type { StorageDriver } from './storage/driver.ts'
import { openStorage } from './storage/open.ts'
import { readinessChecks, sampleLevels } from './vital-signs.ts'
import { version } from './version.ts'
import { startBookkeeping } from './worker/bookkeeping.ts'
import { makeHandlers } from './worker/handlers.ts'
import { startHousekeeping } from './worker/housekeeping.ts'
import { Worker } from './worker/worker.ts'

/** What a dry run of collection explains at most. */
const plannedReviews = 100

export type Administrator = { readonly name: string; readonly password: string | undefined }

/** A running Berth. */
export type App = {
  /** Where clients reach it from this machine, such as `http://127.0.0.1:5000`. */
  readonly url: string
  readonly metricsUrl: string | undefined
  /** Set at the very first start; the password only when it was generated. */
  readonly administrator: Administrator | undefined
  /** Where the first administrator can be taken over, as long as that is possible; holds a secret. */
  readonly setupUrl: string | undefined
  readonly caCertificateFile: string | undefined
  readonly database: Database
  readonly storage: StorageDriver
  readonly registry: Registry
  readonly access: Access
  /** Lets the requests under way finish, then releases everything. Calling it twice is harmless. */
  close(): Promise<void>
  /** Resolves when the app has been closed. */
  readonly closed: Promise<void>
}

/** The only place that constructs. What it opened before a failure is closed again. */
export async function openApp(
  config: Config,
  parts: {
    logger: Logger
    clock?: Clock
    storage?: StorageDriver
    /** Told at the very first start, before anything else can fail. */
    onAdministrator?: (administrator: Administrator) => void
  },
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

    const core = await openCore({ config, database, storage, logger, clock })
    const { access, admission, audit, immutability, queue, quotas, registry, usage, now } = core
    const founded = await access.users.ensureAdministrator(config.access.administrator)
    const administrator = founded.created ? founded : undefined
    if (administrator) parts.onAdministrator?.(administrator)
    const setupCode = await access.setup.prepare(
      administrator?.password === undefined ? undefined : administrator.name,
    )
    opened.push(() => registry.uploads.close())

    const metrics = new Metrics()
    const traffic = new Traffic(managementRoutes.map(({ route }) => route.id))
    opened.push(() => traffic.close())
    const tls = await openTls(config.http.tls, config.dataDirectory, logger)
    const forwarding = new Forwarding(config.http)
    const rateLimit = new RateLimit(config.http.rateLimit, () => performance.now())
    const certificates = openPeerCertificates(config)
    const requestAudit = new RequestAudit({ log: audit.refusals, pulls: config.audit.pulls })
    const pulls = new Pulls({ database, now })
    const door: Door = {
      ...registry,
      pullGate: core.pullGate,
      pulls,
      authenticator: access.authenticator,
      tokens: access.tokens,
      uploadLocations: new UploadLocations(
        await getOrCreateSecret(database, 'upload-location', 32),
      ),
      bodyBuffers: new BodyBuffers(),
      forwarding,
      checkCsrf: (session, token) => access.sessions.checkCsrf(session, token),
      certificates,
      rateLimit,
      audit: requestAudit,
      manifestMaxBytes: config.registry.manifestMaxBytes,
      isOpen: config.access.anonymousRole === 'admin',
    }
    const labels = new LabelIndexing({ database, ...registry })
    const upkeep = new SearchUpkeep({ database, labels })
    const projectFigures = new ProjectFigures({ database, now })
    const jobs = new Jobs({ database, queue, now })
    const scanning = openScanning({
      config: config.scan,
      outbound: config.outbound,
      database,
      registry,
      changes: access.changes,
      queue,
      orders: core.scans,
      dueDates: core.dueDates,
      packageIndex: core.searchIndex,
      logger,
      now,
    })
    opened.push(() => scanning.close())
    const claims = core.attestedVex
    const scanners = await openScanners({
      config: config.scanners,
      database,
      registry,
      access,
      queue,
      outbound: core.outbound,
      addresses: {
        own: () => urlOf(config, server.address),
        loopback: () => loopbackUrl(config, server.address),
      },
      own: {
        findInCatalogue: (catalogue) => findInCatalogue(scanning.advisories, catalogue),
        builtAt: () => scanning.advisories.state.data.builtAt,
        limits: {
          limits: {
            memoryMiB: config.scan.memoryMiB,
            layerBytes: config.scan.layerMaxBytes,
            timeMs: config.scan.timeoutMinutes * 60_000,
          },
        },
      },
      logger,
      now,
    })
    opened.push(() => scanners.close())
    const { adapter } = scanners
    const { token: adapterToken } = config.scanners.adapter
    const signatures = core.signatureVerification
    const signing = { database, changes: access.changes, queue, claims }
    const signingKeys = await SigningKeys.open(signing)
    const management = await openManagement({
      bindings: managementRoutes,
      door: {
        ...access,
        forwarding,
        quotas,
        usageReports: new UsageReports({ database }),
        projectFigures,
        reclaimable: new ReclaimableReports({ database, untagged: config.collection.untagged }),
        immutability,
        policies: core.policies,
        policyExceptions: core.policyExceptions,
        decisions: core.decisions,
        audit: audit.log,
        jobs,
        collection: new CollectionState({ database, jobs, now }),
        systemHealth: new SystemHealth({
          database,
          storage,
          audit: audit.log,
          advisories: scanning.advisories,
          config,
          certificateEnd: tls && (() => tls.certificateEnd()),
          logger,
          now,
        }),
        settings: () => listSettings(config),
        traffic: { read: (since) => traffic.read(server.inFlight, since) },
        system: new System({ database, storage, storageKind: config.storage.kind, version, now }),
        search: new Search({ database }),
        ...scanning.services,
        ...scanners.services,
        repositories: new RepositoryBrowser({ database }),
        repositoryText: new RepositoryText({ database, now }),
        repositoryRemoval: new RepositoryRemoval({ database, ...registry, admission, now }),
        tags: new TagBrowser({ database, scans: scanning.services.scanSummaries }),
        manifests: new ManifestBrowser({ database, ...registry }),
        layers: new LayerBrowser({ database, ...registry }),
        referrers: registry.referrers,
        requestAudit,
        registryManifests: registry.manifests,
        signatures,
        provenances: new Provenances({ signatures, ...registry }),
        trustedIdentities: new TrustedIdentities(signing),
        trustedRoots: new TrustedRoots(signing),
        signingKeys,
        imageSigning: new ImageSigning({
          ...registry,
          keys: signingKeys,
          verification: signatures,
          now,
        }),
      },
      authenticate: (exchange) => authenticate(door, exchange),
      idempotencyKeys: access.idempotencyKeys,
      audit: requestAudit,
      forwarding,
      checkCsrf: door.checkCsrf,
    })
    const server = await HttpServer.open({
      config: config.http,
      logger,
      metrics: metrics.http,
      traffic,
      health: new Health(readinessChecks(database, storage)),
      tls,
      door,
      management,
      console: new ConsoleDoor({
        directory: consoleDirectory(),
        prefix: pathPrefixOf(config.http.externalUrl),
      }),
      scannerAdapter:
        adapter && adapterToken !== undefined
          ? new ScannerAdapterDoor({ adapter, token: adapterToken })
          : undefined,
    })
    opened.push(() => server.close())
    metrics.onScrape(async () => {
      metrics.http.requestsInFlight.set(server.inFlight)
      await sampleLevels(metrics, database, storage)
    })
    const metricsListener = await openMetricsListener(config.metrics, metrics)
    opened.push(() => metricsListener?.close())
    const worker = new Worker({
      queue,
      logger,
      handlers: makeHandlers({
        queue,
        ...registry,
        planCollection: () => planCollection(database, { limit: plannedReviews, clock }),
        labels,
        upkeep,
        scanning,
        projectFigures,
        externalScanning: scanners.externalScanning,
        signatures,
        metrics,
        config,
        now,
      }),
    })
    worker.start()
    opened.push(() => worker.stop())
    const bookkeeping = startBookkeeping({
      ...access,
      audit,
      usage,
      repositoryBooks: core.repositoryBooks,
      pulls,
      advisories: scanning.advisories,
      queue,
      config,
      logger,
    })
    opened.push(() => bookkeeping.stop())
    const housekeeping = startHousekeeping({ ...registry, config, logger, metrics })
    opened.push(() => housekeeping.stop())
    const htpasswd = await watchHtpasswd(config, access, logger)
    opened.push(() => htpasswd?.stop())

    const closed = Promise.withResolvers<void>()
    let closing: Promise<void> | undefined
    return {
      url: urlOf(config, server.address),
      metricsUrl: metricsListener?.url,
      administrator,
      setupUrl:
        setupCode === undefined
          ? undefined
          : `${urlOf(config, server.address).replace(/\/$/, '')}/setup#code=${setupCode}`,
      caCertificateFile: tls?.caCertificateFile,
      database,
      storage,
      registry,
      access,
      close: () => (closing ??= closeAll().finally(() => closed.resolve())),
      closed: closed.promise,
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

function openPeerCertificates({ http }: Config): PeerCertificates | undefined {
  const settings = http.tls.kind === 'off' ? undefined : http.tls.clientCertificates
  return settings && new PeerCertificates(new ClientCertificates(settings.rules))
}

async function watchHtpasswd(
  config: Config,
  { changes }: Access,
  logger: Logger,
): Promise<HtpasswdFile | undefined> {
  const { htpasswdFile: file, htpasswdRole: role } = config.access
  if (file === undefined) return undefined
  const htpasswd = new HtpasswdFile({ file, role, changes, logger })
  await htpasswd.start()
  return htpasswd
}
