import type { LayerScanner } from '@berth/scanner/layers/layer-scanner.ts'
import { join } from 'node:path'
import type { AccessChanges } from '../access/changes.ts'
import type { ScannerTokens } from '../access/scanner-tokens.ts'
import type { Config } from '../config/schema.ts'
import type { JobQueue } from '../jobs/queue.ts'
import type { Logger } from '../log.ts'
import type { Database } from '../metadata/database.ts'
import type { Outbound } from '../outbound/outbound.ts'
import type { Registry } from '../registry/open.ts'
import type { RemoteScanParts } from './adapter/remote-scan.ts'
import { ExternalScanning } from './external-scanning.ts'
import { ExternalScans } from './external-scans.ts'
import { Grype } from './grype.ts'
import { writeOwnSbom } from './own-sbom.ts'
import { ProgramFolder } from './program-folder.ts'
import { ScannerRegistrations } from './registrations.ts'
import type { ExternalScanner } from './scanner-port.ts'
import { Trivy } from './trivy.ts'

type Parts = {
  readonly config: Config['scanners']
  readonly database: Database
  readonly registry: Pick<Registry, 'manifests'>
  readonly access: { readonly changes: AccessChanges; readonly scannerTokens: ScannerTokens }
  readonly queue: JobQueue
  readonly outbound: Outbound
  readonly addresses: {
    /** Where everyone reaches this Berth. */
    readonly own: () => string
    /** Where programs on this machine do. */
    readonly loopback: () => string
  }
  /** The scanner of Berth itself, for others. */
  readonly own: Pick<RemoteScanParts, 'findInCatalogue'> & {
    readonly limits: ConstructorParameters<typeof LayerScanner>[0]
    readonly builtAt: () => string | null
  }
  readonly logger: Logger
  readonly now: () => number
}

/** Everything about scanners beside that of Berth. Nothing runs by itself. */
export async function openScanners(parts: Parts) {
  const { config, database, registry, access, queue, outbound, addresses, now } = parts
  const registrations = await ScannerRegistrations.open({
    database,
    changes: access.changes,
    fetch: (url, request) => outbound.fetch(url, request),
    programs: programsOf(parts),
    ownAddress: addresses.own,
    now,
  })
  const { manifests } = registry
  const adapter = await openAdapter(parts)
  return {
    /** What the management API asks. */
    services: {
      scannerRegistrations: registrations,
      externalScans: new ExternalScans({ database, manifests, registrations, queue, now }),
    },
    externalScanning: new ExternalScanning({
      database,
      manifests,
      registrations,
      tokens: access.scannerTokens,
      timeoutMs: config.timeoutMinutes * 60_000,
      now,
    }),
    /** `undefined` unless the settings offer it. */
    adapter: adapter.own,
    close: adapter.close,
  }
}

/** Loaded only where it is offered: the server starts faster without. */
async function openAdapter({ config, outbound, own, logger, now }: Parts) {
  if (!config.adapter.enabled) return { own: undefined, close: () => Promise.resolve() }
  const { LayerScanner } = await import('@berth/scanner/layers/layer-scanner.ts')
  const { OwnAdapter } = await import('./adapter/own-adapter.ts')
  const layers = new LayerScanner(own.limits)
  const adapter = new OwnAdapter({
    outbound,
    layers,
    findInCatalogue: own.findInCatalogue,
    builtAt: own.builtAt,
    timeoutMs: config.timeoutMinutes * 60_000,
    logger,
    now,
  })
  return {
    own: adapter,
    async close() {
      await adapter.close()
      await layers.close()
    },
  }
}

function programsOf({ config, database, addresses, now }: Parts): Map<string, ExternalScanner> {
  const programs = new Map<string, ExternalScanner>()
  const { trivy, grype } = config
  const { loopback } = addresses
  if (trivy.program !== undefined) {
    const folder = new ProgramFolder(join(config.folder, 'trivy'))
    programs.set('trivy', new Trivy({ program: trivy.program, folder, loopback, now }))
  }
  if (grype.program !== undefined) {
    const folder = new ProgramFolder(join(config.folder, 'grype'))
    const sbomOf =
      grype.source === 'sbom'
        ? (digest: string) => writeOwnSbom(database, digest, now())
        : undefined
    programs.set('grype', new Grype({ program: grype.program, folder, loopback, sbomOf, now }))
  }
  return programs
}
