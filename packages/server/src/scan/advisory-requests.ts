import type { MatchTarget } from '@berth/scanner/advisories/database.ts'
import type { Catalogue } from '@berth/scanner/catalogue.ts'
import type { AdvisoryData } from '@berth/scanner/finding.ts'
import type { NotCovered } from '@berth/scanner/package.ts'
import type { Config } from '../config/schema.ts'
import type { FindingRow } from '../metadata/package-findings.ts'

/** What the advisory thread is asked, and what it answers. SQLite is synchronous, so none of it is done elsewhere. */
export type AdvisoryRequests = {
  /** Opens a file in place of the one that is open, which stays open when the new one cannot be used. */
  open: { ask: { file: string }; answer: AdvisoryData }
  /** Findings of each target, as rows without the package. */
  match: { ask: { targets: readonly MatchTarget[] }; answer: MatchedFinding[][] }
  /** Of which packages the advisories say nothing at all. */
  uncovered: { ask: { catalogue: Catalogue }; answer: NotCovered[] }
  import: { ask: { archive: string; file: string }; answer: AdvisoryData }
  /** Fetches what has changed, and builds one file of all. */
  update: { ask: AdvisoryUpdate; answer: readonly SourceOutcome[] }
  /** Ends an update; it fails then. */
  stopUpdate: { ask: null; answer: null }
  export: { ask: { file: string; archive: string }; answer: null }
}

export type AdvisoryUpdate = {
  readonly file: string
  readonly settings: Omit<Config['scan']['advisories']['update'], 'enabled' | 'intervalHours'>
  readonly outbound: Config['outbound']
}

/** What became of one source; `message` says why it failed. */
export type SourceOutcome = {
  readonly source: string
  readonly state: 'updated' | 'unchanged' | 'failed'
  readonly records?: number
  readonly message?: string
}

export type AdvisoryTask = keyof AdvisoryRequests

export type MatchedFinding = Omit<FindingRow, 'package_id'>

export type AdvisoryMessage = {
  [Task in AdvisoryTask]: {
    readonly id: number
    readonly task: Task
    readonly ask: AdvisoryRequests[Task]['ask']
  }
}[AdvisoryTask]

export type AdvisoryAnswer =
  | { readonly id: number; readonly answer: unknown }
  | {
      readonly id: number
      readonly failure: { readonly name: string; readonly message: string }
    }
