import type { AdvisoryDatabase } from '@berth/scanner/advisories/database.ts'
import { matchCatalogue, withoutAdvisories } from '@berth/scanner/advisories/match.ts'
import type { ScanReport } from '@berth/scanner/finding.ts'
import { applyVex } from '@berth/scanner/vex/apply-vex.ts'
import { version } from '../version.ts'
import type { Scanned } from './scanned.ts'

type ReportOptions = {
  /** Leave away what no upgrade mends. */
  readonly onlyFixed?: boolean | undefined
  readonly statements?: Parameters<typeof applyVex>[1]
}

/** What the advisories say against the packages of a catalogue. What they say nothing of is named as not covered. */
export function reportOn(
  database: AdvisoryDatabase,
  { artifact, catalogue }: Scanned,
  { onlyFixed = false, statements = [] }: ReportOptions = {},
): ScanReport {
  const all = matchCatalogue(database, catalogue)
  const wanted = onlyFixed ? all.filter(({ fixState }) => fixState === 'fixed') : all
  const digests = artifact.digest === undefined ? [] : [artifact.digest]
  return {
    artifact,
    scanner: { name: 'berth', version },
    scannedAt: new Date().toISOString(),
    data: database.data(),
    catalogue: {
      ...catalogue,
      notCovered: [...catalogue.notCovered, ...withoutAdvisories(database, catalogue)],
    },
    ...applyVex(wanted, statements, { digests }),
  }
}
