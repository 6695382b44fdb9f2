import type { Severity } from '@berth/scanner/finding.ts'

type SeverityFigures = Record<Severity, number>

/** What the job `measure-projects` counted of a project; at `measured_at`, an ISO moment. */
export type ProjectFiguresTable = SeverityFigures & {
  project_id: number
  /** Of blobs that no repository outside of the project and all below it holds. */
  unique_bytes: number
  /** Of blobs that others hold too. */
  shared_bytes: number
  measured_at: string
}

/** Open findings of a repository. Counted anew in the transaction of every change of its `tracked_findings`. */
export type FindingCountsTable = SeverityFigures & { repository_id: number }

/** As `finding_trends`, of all repositories together. */
export type InstanceTrendsTable = SeverityFigures & {
  /** ISO day. */
  day: string
  opened: number
  closed: number
}

/** Every id by which a vulnerability is known, of advisories too. */
export type VulnerabilityNamesTable = {
  /** As compared: in small letters. */
  folded: string
  name: string
  /** As in `package_findings`. */
  vulnerability: string
}
