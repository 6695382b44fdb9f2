import { Unreadable } from '../detector.ts'
import { isCycloneDx } from '../sbom/cyclonedx.ts'
import { unwrap } from '../sbom/unwrap.ts'
import { readCycloneDxVex } from './cyclonedx.ts'
import { isOpenVex, readOpenVex } from './openvex.ts'
import type { VexStatement } from './vex-statement.ts'

const maximumBytes = 32 * 1024 ** 2
const maximumStatements = 50_000

/**
 * The statements of an OpenVEX 0.2.0 or CycloneDX document in JSON, also inside an in-toto statement, a DSSE envelope or a
 * Sigstore bundle. **Whether somebody may say so is the caller's to decide**: neither signature nor author is checked
 * here. Throws `Unreadable` for everything else, with its place; a document with one wrong statement counts for nothing.
 */
export function readVex(bytes: Uint8Array): VexStatement[] {
  const { document, subjects } = unwrap(bytes, maximumBytes)
  if (isOpenVex(document)) return readOpenVex(document, subjects, maximumStatements)
  if (isCycloneDx(document)) return readCycloneDxVex(document, maximumStatements)
  throw new Unreadable(
    'it is no VEX that is read here: it has neither an OpenVEX @context nor bomFormat (CycloneDX)',
  )
}
