import type { Database, Executor } from '../metadata/database.ts'
import {
  countDue,
  countImages,
  countOpen,
  mendableFindings,
  tagsLeadingTo,
  worstImages,
} from '../metadata/findings-overview.ts'
import { readInstanceTrend } from '../metadata/finding-trends.ts'
import { repositoriesWithManifest } from '../metadata/manifests.ts'
import type { Advisories } from './advisories.ts'
import { dayOf, dueWindow, severityCountsOf, trendOf, upgradesOf } from './overview.ts'

const shownMax = 20
/** The worst images that are looked at: those without a tag are passed over. */
const imagesMax = 100
const placesMax = 20
const tagsMax = 10
const mendableMax = 50_000
const dayMs = 86_400_000
/** Everybody who asks gets the same answer for so long; for a while after that too, while the next one is made. */
const freshMs = 5000
const staleMs = 30_000

type InstanceOverviewView = Awaited<ReturnType<typeof readOverview>>

/** How the whole instance stands. From figures that were counted before, whatever the number of repositories. */
export class InstanceOverview {
  readonly #database: Database
  readonly #advisories: Advisories
  readonly #now: () => number
  #last: { readonly at: number; readonly view: Promise<InstanceOverviewView> } | undefined
  #next: Promise<InstanceOverviewView> | undefined

  constructor(parts: { database: Database; advisories: Advisories; now: () => number }) {
    this.#database = parts.database
    this.#advisories = parts.advisories
    this.#now = parts.now
  }

  /** At most 30 seconds old. */
  overview(): Promise<InstanceOverviewView> {
    const age = this.#last === undefined ? staleMs : this.#now() - this.#last.at
    if (this.#last !== undefined && age < freshMs) return this.#last.view
    const next = this.#renew()
    return this.#last !== undefined && age < staleMs ? this.#last.view : next
  }

  /** One at a time. A failure is told to those who wait for it, and the next who asks tries again. */
  #renew(): Promise<InstanceOverviewView> {
    if (this.#next) return this.#next
    const at = this.#now()
    const next = readOverview(this.#database.read, this.#advisories, at)
    this.#next = next
    next.then(
      () => {
        this.#last = { at, view: next }
        this.#next = undefined
      },
      () => {
        this.#next = undefined
      },
    )
    return next
  }

  /** Days on which nothing was noted are missing; today is as it is now. */
  async trend(days: number) {
    const { read } = this.#database
    const now = this.#now()
    const rows = await readInstanceTrend(read, dayOf(now - days * dayMs))
    return { days: trendOf(rows, dayOf(now), await countOpen(read, 'all')), isTruncated: false }
  }
}

async function readOverview(db: Executor, advisories: Pick<Advisories, 'state'>, now: number) {
  const states = await countImages(db, dayOf(now))
  const worst = []
  const candidates = await worstImages(db, imagesMax)
  const tagged: string[] = []
  for (const image of candidates) {
    const place = await taggedPlace(db, image.digest)
    if (!place) continue
    tagged.push(image.digest)
    if (worst.length === shownMax) continue
    worst.push({
      ...place,
      digest: image.digest,
      platform: image.platform,
      counts: severityCountsOf((severity) => image[severity]),
      worstScore: image.worst_score / 10,
    })
  }
  const mendable = await mendableFindings(db, tagged, mendableMax)
  const { data, revision } = advisories.state
  return {
    images: states.catalogued + states.waiting + states.failed,
    scanned: states.catalogued,
    waiting: states.waiting,
    failed: states.failed,
    endOfLife: states.endOfLife,
    counts: await countOpen(db, 'all'),
    due: await dueWindow(now, (from, before, limit) =>
      countDue(db, { repositories: 'all', from, before, limit }),
    ),
    worst,
    upgrades: upgradesOf(mendable).slice(0, shownMax),
    isTruncated: candidates.length === imagesMax || mendable.length === mendableMax,
    dataRevision: revision,
    dataBuiltAt: data.builtAt,
  }
}

/** The first repository in which a tag leads to the image. */
async function taggedPlace(db: Executor, digest: string) {
  for (const { id, name } of await repositoriesWithManifest(db, digest, placesMax)) {
    const tags = await tagsLeadingTo(db, id, digest, tagsMax)
    if (tags.length > 0) return { repository: name, tags }
  }
  return undefined
}
