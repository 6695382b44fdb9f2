import { type Detected, ScanLimit, Unreadable } from '../../detector.ts'
import { defaultLimits } from '../../limits.ts'
import { readRpmHeader } from './header.ts'
import { rpmFacts, rpmFiles, rpmPackage, type RpmPackage } from './package.ts'

/** Of one package's header. The largest of real distributions (kernels, TeX) have about 10 MiB. */
export const maxBlobBytes = 64 * 1024 ** 2

/** Characters of all owned paths together. A full desktop installation has about 30 million. */
const maxOwnedCharacters = 256 * 1024 ** 2

/**
 * Turns the header blobs of a database into packages. A broken header, or a database that breaks off, is said in
 * `notCovered` beside the packages that could be read. Throws `Unreadable` when none could be read, `ScanLimit` for more
 * than the scanner reads.
 *
 * `databaseBytes`: what blobs may have together, since they lie beside each other in a sound database.
 */
export function gatherRpmPackages(blobs: Iterable<Buffer>, databaseBytes: number): Detected {
  const found: Found = { packages: [], owned: [], characters: 0 }
  let bytes = 0
  let broken = 0
  let reason: string | undefined
  try {
    for (const blob of blobs) {
      bytes += blob.length
      if (bytes > databaseBytes) {
        throw new Unreadable('the package headers overlap: together they are larger than the file')
      }
      const failed = unreadableReason(() => addPackage(found, blob))
      if (failed === undefined) continue
      broken += 1
      reason = `${broken} package headers could not be read, the last one: ${failed}`
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    reason = error.message
  }
  if (reason !== undefined && found.packages.length === 0) throw new Unreadable(reason)
  return { packages: found.packages, owned: found.owned, notCovered: reason }
}

type Found = { packages: RpmPackage[]; owned: string[]; characters: number }

function addPackage(found: Found, blob: Buffer): void {
  const header = readRpmHeader(blob)
  const facts = rpmFacts(header)
  if (facts === undefined) return
  const made = rpmPackage(facts)
  found.packages.push(made)
  if (found.packages.length > defaultLimits.packages) {
    throw new ScanLimit(`the rpm database has more than ${defaultLimits.packages} packages`)
  }
  // A third party's files are its own: what lies in them counts as language packages.
  if (made.isThirdParty) return
  for (const path of rpmFiles(header)) {
    found.characters += path.length
    found.owned.push(path)
  }
  if (found.characters > maxOwnedCharacters) {
    throw new ScanLimit(
      `the file lists of the rpm packages have more than ${maxOwnedCharacters} characters`,
    )
  }
}

function unreadableReason(read: () => void): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof Unreadable) return error.message
    throw error
  }
}
