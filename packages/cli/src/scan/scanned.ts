import type { Catalogue } from '@berth/scanner/catalogue.ts'
import type { ScanReport } from '@berth/scanner/finding.ts'

/** What is in something, and what it is called. */
export type Scanned = {
  readonly artifact: ScanReport['artifact']
  readonly catalogue: Catalogue
}
