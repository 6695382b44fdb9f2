import type { RepositoryName } from '@berth/oci/reference.ts'
import type { ExternalReport } from './external-finding.ts'

/** One image of a repository: never an index. */
export type ImageToScan = {
  readonly repository: RepositoryName
  readonly digest: string
  readonly mediaType: string
  readonly size: number
}

/** Who a scanner says it is. */
export type ScannerIdentity = {
  readonly product: string
  readonly vendor: string
  readonly version: string
  /** Media type of the reports that Berth takes from it. */
  readonly reportType: string
  readonly databaseUpdatedAt: string | null
}

export type ScanRun = {
  /** Ends it: too late, cancelled, or Berth stops. */
  readonly signal: AbortSignal
  /** Good for pulling from the repository, and nothing else. */
  readonly token: string
  /** Where a former attempt was. */
  readonly formerProgress: unknown
  onProgress(progress: unknown): void
}

/** Something that can look into an image in place of Berth. */
export interface ExternalScanner {
  /** Throws `BerthError` (`unavailable`) when it cannot be asked, `ScannerFailure` when it answers nonsense. */
  identify(signal: AbortSignal): Promise<ScannerIdentity>
  /** Throws as `identify`; the reason of the signal when it was aborted. */
  scan(image: ImageToScan, run: ScanRun): Promise<ExternalReport>
}
