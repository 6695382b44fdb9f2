import { ScanLimit } from '../../detector.ts'
import { defaultLimits } from '../../limits.ts'

/** Entries of an archive and of all archives inside it. Applications bring some hundred archives. */
const maxEntriesTogether = defaultLimits.archiveEntries * 5
const maxInflatedBytes = 2 * 1024 ** 3

/** What is left to spend on one file and everything inside it. Each method throws `ScanLimit` at the limit. */
export class ArchiveBudget {
  #entries = 0
  #inflatedBytes = 0
  #packages = 0

  /** To be called for each entry; `countInArchive` is its number in its own archive. */
  takeEntry(countInArchive: number): void {
    this.#entries += 1
    if (countInArchive > defaultLimits.archiveEntries) {
      throw new ScanLimit(
        `an archive has more than ${defaultLimits.archiveEntries} entries, the limit of one`,
      )
    }
    if (this.#entries > maxEntriesTogether) {
      throw new ScanLimit(
        `the archives inside have more than ${maxEntriesTogether} entries together`,
      )
    }
  }

  takeBytes(bytes: number): void {
    this.#inflatedBytes += bytes
    if (this.#inflatedBytes > maxInflatedBytes) {
      throw new ScanLimit(`what is inside has more than ${maxInflatedBytes} bytes when inflated`)
    }
  }

  takePackages(count: number): void {
    this.#packages += count
    if (this.#packages > defaultLimits.packages) {
      throw new ScanLimit(`the archive names more than ${defaultLimits.packages} packages`)
    }
  }
}
