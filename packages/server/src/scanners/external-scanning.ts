import { parseReference, type RepositoryName } from '@berth/oci/reference.ts'
import type { ScannerTokens } from '../access/scanner-tokens.ts'
import { BerthError } from '../errors.ts'
import type { Database } from '../metadata/database.ts'
import { type ReportKey, updateReport } from '../metadata/external-reports.ts'
import { findRepository } from '../metadata/repositories.ts'
import type { Manifests, StoredManifest } from '../registry/manifests.ts'
import { countsOf, type ExternalReport, ScannerFailure } from './external-finding.ts'
import { pack } from './packed.ts'
import type { ScannerRegistrations } from './registrations.ts'
import type { ExternalScanner } from './scanner-port.ts'

type Run = {
  readonly scanner: string
  readonly repository: RepositoryName
  readonly digest: string
  readonly signal: AbortSignal
  readonly formerProgress: unknown
  onProgress(progress: unknown): void
}

const stopped =
  'The scan was interrupted. After a restart of Berth it goes on by itself; if somebody stopped it, ask for it again.'
/** Beyond the time limit, so that it does not end before the scan does. */
const tokenSpareSeconds = 60

/** Lets other scanners look at images, and keeps what they say. */
export class ExternalScanning {
  readonly #database: Database
  readonly #manifests: Pick<Manifests, 'getManifest'>
  readonly #registrations: ScannerRegistrations
  readonly #tokens: ScannerTokens
  readonly #timeoutMs: number
  readonly #now: () => number

  constructor(parts: {
    database: Database
    manifests: Pick<Manifests, 'getManifest'>
    registrations: ScannerRegistrations
    tokens: ScannerTokens
    timeoutMs: number
    now: () => number
  }) {
    this.#database = parts.database
    this.#manifests = parts.manifests
    this.#registrations = parts.registrations
    this.#tokens = parts.tokens
    this.#timeoutMs = parts.timeoutMs
    this.#now = parts.now
  }

  /**
   * One scan of one image by one scanner. What is wrong with the scanner or its report becomes the state; thrown is only
   * what another try may mend. A former report stays in force until there is another.
   */
  async run(run: Run): Promise<{ state: string }> {
    const image = await this.#find(run)
    const scanner = await this.#registrations.findScanner(run.scanner)
    if (image === undefined || scanner === undefined) return { state: 'gone' }
    const { key, stored } = image
    const timeout = AbortSignal.timeout(this.#timeoutMs)
    try {
      if (!(await this.#note(key, { state: 'running', reason: null }))) return { state: 'gone' }
      const report = await this.#scan(scanner, stored, {
        ...run,
        signal: AbortSignal.any([run.signal, timeout]),
      })
      return { state: (await this.#keep(key, report)) ? 'done' : 'gone' }
    } catch (error) {
      if (run.signal.aborted) {
        await this.#note(key, { state: 'failed', reason: stopped })
        return { state: 'stopped' }
      }
      const reason = timeout.aborted
        ? `There was no report within ${Math.round(this.#timeoutMs / 6000) / 10} minutes.`
        : reasonOf(error)
      await this.#note(key, { state: 'failed', reason })
      if (timeout.aborted || error instanceof ScannerFailure) return { state: 'failed' }
      throw error
    }
  }

  async #scan(scanner: ExternalScanner, stored: StoredManifest, run: Run): Promise<ExternalReport> {
    const { repository, digest, signal, formerProgress, onProgress } = run
    const token = await this.#tokens.issue(run.scanner, {
      repository,
      lifetimeSeconds: Math.ceil(this.#timeoutMs / 1000) + tokenSpareSeconds,
    })
    const image = { repository, digest, mediaType: stored.mediaType, size: stored.size }
    return scanner.scan(image, { signal, token, formerProgress, onProgress })
  }

  async #find(run: Run): Promise<{ key: ReportKey; stored: StoredManifest } | undefined> {
    const { repository, digest, scanner } = run
    const found = await findRepository(this.#database.read, repository)
    if (!found) return undefined
    try {
      const stored = await this.#manifests.getManifest(repository, parseReference(digest))
      return { key: { repositoryId: found.id, digest, scanner }, stored }
    } catch (error) {
      if (error instanceof BerthError && error.kind === 'manifestUnknown') return undefined
      throw error
    }
  }

  async #keep(key: ReportKey, report: ExternalReport): Promise<boolean> {
    const { product, generatedAt, dataBuiltAt, findings, isTruncated, raw } = report
    return this.#note(key, {
      state: 'done',
      reason: null,
      product,
      generated_at: generatedAt,
      data_built_at: dataBuiltAt,
      findings: await pack(JSON.stringify(findings)),
      raw: await pack(raw),
      is_truncated: isTruncated ? 1 : 0,
      ...countsOf(findings),
      finished_at: new Date(this.#now()).toISOString(),
    })
  }

  #note(key: ReportKey, change: Parameters<typeof updateReport>[2]): Promise<boolean> {
    return this.#database.transaction((tx) => updateReport(tx, key, change))
  }
}

/** What was not thrown on purpose may name paths or worse, so it stays in the log. */
function reasonOf(error: unknown): string {
  if (error instanceof ScannerFailure || error instanceof BerthError) return error.message
  return 'The scan failed unexpectedly; the log says how.'
}
