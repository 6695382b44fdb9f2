import { newestAdvisoryRevision } from '../metadata/advisory-revisions.ts'
import type { Database } from '../metadata/database.ts'
import { imagesBehind, updateImage } from '../metadata/images.ts'
import {
  type FindingRow,
  countFindings,
  findingsOf,
  replaceFindings,
} from '../metadata/package-findings.ts'
import {
  type PackageRow,
  imagePackagesBehind,
  packagesBehind,
  setPackageRevision,
} from '../metadata/packages.ts'
import { saveVulnerabilityNames } from '../metadata/vulnerability-names.ts'
import { repositoriesToTrack } from '../metadata/tracked-findings.ts'
import type { Advisories } from './advisories.ts'
import type { MatchedFinding } from './advisory-requests.ts'
import { matchTarget } from './distinct-package.ts'
import type { ScanOrders } from './orders.ts'

const packagesAtOnce = 500
const imagesAtOnce = 100
const repositoriesAtOnce = 200
/** A probability that moves by less is not worth writing every day anew. */
const epssStep = 0.01

export type MatchProgress = { revision: number; packages: number; images: number }

/**
 * Finds the vulnerabilities of packages, each distinct one once, whatever the number of images that have it. Images are
 * never read again: their packages are known.
 */
export class Matching {
  readonly #database: Database
  readonly #advisories: Advisories
  readonly #orders: ScanOrders
  readonly #now: () => number

  constructor(parts: {
    database: Database
    advisories: Advisories
    orders: ScanOrders
    now: () => number
  }) {
    this.#database = parts.database
    this.#advisories = parts.advisories
    this.#orders = parts.orders
    this.#now = parts.now
  }

  /** Brings one image up to the advisories of this node. */
  async matchImage(digest: string): Promise<void> {
    await this.#advisories.refresh()
    const { revision } = this.#advisories.state
    for (;;) {
      const packages = await imagePackagesBehind(this.#database.read, {
        digest,
        revision,
        limit: packagesAtOnce,
      })
      if (packages.length === 0) break
      await this.#match(packages, revision)
    }
    await this.#count([digest], revision)
  }

  /**
   * Compares everything with new advisories, in portions. Stopped in the middle, it goes on where it was: what is done
   * carries the revision.
   */
  async run(options: {
    signal: AbortSignal
    onProgress(progress: MatchProgress): void
  }): Promise<MatchProgress> {
    await this.#advisories.refresh()
    const { revision } = this.#advisories.state
    const done = { revision, packages: 0, images: 0 }
    // Another node has newer ones, and asks again until it gets the job itself.
    if ((await newestAdvisoryRevision(this.#database.read)) > revision) return done
    for (let after = 0; !options.signal.aborted; ) {
      const packages = await packagesBehind(this.#database.read, {
        revision,
        after,
        limit: packagesAtOnce,
      })
      const last = packages.at(-1)
      if (!last) break
      await this.#match(packages, revision)
      after = last.id
      done.packages += packages.length
      options.onProgress({ ...done })
    }
    for (let after = ''; !options.signal.aborted; ) {
      const digests = await imagesBehind(this.#database.read, {
        revision,
        after,
        limit: imagesAtOnce,
      })
      const last = digests.at(-1)
      if (last === undefined) break
      await this.#count(digests, revision)
      after = last
      done.images += digests.length
      options.onProgress({ ...done })
    }
    await this.#orderTracking(options.signal)
    return done
  }

  async #match(packages: readonly PackageRow[], revision: number): Promise<void> {
    const matched = await this.#advisories.match(packages.map(matchTarget))
    const ids = packages.map(({ id }) => id)
    const former = Map.groupBy(await findingsOf(this.#database.read, ids), (row) => row.package_id)
    const changed: number[] = []
    const rows: FindingRow[] = []
    for (const [index, id] of ids.entries()) {
      const found = matched[index] ?? []
      if (isSame(former.get(id) ?? [], found)) continue
      changed.push(id)
      rows.push(...found.map((finding) => ({ ...finding, package_id: id })))
    }
    await this.#database.relaxedTransaction(async (tx) => {
      await replaceFindings(tx, changed, rows)
      await saveVulnerabilityNames(tx, rows.flatMap(namesOf))
      await setPackageRevision(tx, ids, revision)
    })
  }

  async #count(digests: readonly string[], revision: number): Promise<void> {
    const { data } = this.#advisories.state
    const counts = await countFindings(this.#database.read, digests)
    const facts = {
      matched_at: new Date(this.#now()).toISOString(),
      data_revision: revision,
      data_built_at: data.builtAt,
    }
    await this.#database.relaxedTransaction(async (tx) => {
      for (const [digest, counted] of counts)
        await updateImage(tx, digest, { ...counted, ...facts })
    })
  }

  async #orderTracking(signal: AbortSignal): Promise<void> {
    for (let after = 0; !signal.aborted; ) {
      const ids = await repositoriesToTrack(this.#database.read, {
        after,
        limit: repositoriesAtOnce,
      })
      const last = ids.at(-1)
      if (last === undefined) break
      await this.#database.relaxedTransaction(async (tx) => {
        for (const id of ids) await this.#orders.orderTracking(tx, id)
      })
      after = last
    }
  }
}

/** Whether nothing changed that somebody would see. */
function isSame(former: readonly FindingRow[], found: readonly MatchedFinding[]): boolean {
  if (former.length !== found.length) return false
  const known = new Map(former.map((row) => [row.vulnerability, row]))
  return found.every((finding) => {
    const row = known.get(finding.vulnerability)
    if (row === undefined) return false
    if (Math.abs((row.epss ?? 0) - (finding.epss ?? 0)) >= epssStep) return false
    return withoutEpss(row.finding) === withoutEpss(finding.finding)
  })
}

/** Those of its advisories too. */
function namesOf({ vulnerability, finding }: FindingRow) {
  const { aliases = [] } = JSON.parse(finding) as { aliases?: readonly string[] }
  return [vulnerability, ...aliases].map((name) => ({
    folded: name.toLowerCase(),
    name,
    vulnerability,
  }))
}

function withoutEpss(finding: string): string {
  return finding.replace(/,"epss":[0-9.e-]+/, '')
}
