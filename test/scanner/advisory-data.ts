import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Real advisories: `osv/Debian.zip`, `osv/Go.zip`, `osv/PyPI.zip`, `kev.json`. */
export const advisoryFolder =
  process.env['BERTH_ADVISORY_DATA'] ?? join(import.meta.dirname, '../../../shared/data')

/** A plain machine has none of it; where CI runs its absence is a failure. */
export const isWithoutAdvisories = !existsSync(advisoryFolder) && process.env['CI'] !== 'true'
