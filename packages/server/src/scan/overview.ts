import type { PackageKind } from '@berth/scanner/package.ts'
import { InvalidVersion, compareVersions, schemeOf } from '@berth/scanner/versions/compare.ts'
import type { RepositoryName } from '@berth/oci/reference.ts'
import type { Caller } from '../access/caller.ts'
import type { Database } from '../metadata/database.ts'
import { readTrend, type TrendRow } from '../metadata/finding-trends.ts'
import {
  type MendableFinding,
  type TaggedImage,
  countDue,
  countOpen,
  mendableFindings,
  repositoriesWithin,
  taggedImagesOf,
  tagsLeadingTo,
} from '../metadata/findings-overview.ts'
import type { Advisories } from './advisories.ts'

const repositoriesMax = 2000
const imagesMax = 10_000
const imagesMended = 500
const mendableMax = 50_000
const shownMax = 20
const tagsMax = 10
const dayMs = 86_400_000
const dueMax = 10_000
const soonMs = 7 * dayMs

type Severity = 'critical' | 'high' | 'medium' | 'low' | 'negligible' | 'unknown'
type Counts = Record<Severity, number>

type Upgrade = {
  package: string
  version: string
  findings: number
  images: number
  worstScore: number
}

/** How projects stand: what is open, what is worst, what mends most, and how it went. */
export class FindingsOverview {
  readonly #database: Database
  readonly #advisories: Advisories
  readonly #now: () => number

  constructor(parts: { database: Database; advisories: Advisories; now: () => number }) {
    this.#database = parts.database
    this.#advisories = parts.advisories
    this.#now = parts.now
  }

  /** Of the tagged images in the project and below it that the caller may pull. */
  async overview(caller: Caller, project: string) {
    const { repositories, isTruncated } = await this.#repositories(caller, project)
    const { read } = this.#database
    const ids = [...repositories.keys()]
    const images = await taggedImagesOf(read, ids, imagesMax + 1)
    const open = await countOpen(read, ids)
    const now = this.#now()
    const today = dayOf(now)
    const shown = images.slice(0, imagesMax)
    const catalogued = shown.filter(({ state }) => state === 'catalogued')
    const worst = []
    for (const image of catalogued.filter(hasFindings).slice(0, shownMax)) {
      const { repository_id: id, digest, platform, worst_score: score } = image
      worst.push({
        repository: repositories.get(id) ?? '',
        digest,
        platform,
        tags: await tagsLeadingTo(read, id, digest, tagsMax),
        counts: severityCountsOf((severity) => image[severity]),
        worstScore: score / 10,
      })
    }
    const mended = [...new Set(catalogued.map(({ digest }) => digest))].slice(0, imagesMended)
    const mendable = await mendableFindings(read, mended, mendableMax)
    const { data, revision } = this.#advisories.state
    return {
      images: shown.length,
      scanned: catalogued.length,
      waiting: shown.filter(({ state }) => state === 'waiting').length,
      failed: shown.filter(({ state }) => state === 'failed').length,
      endOfLife: catalogued.filter(({ end_of_life: end }) => end !== null && end < today).length,
      counts: open,
      due: await dueWindow(now, (from, before, limit) =>
        countDue(read, { repositories: ids, from, before, limit }),
      ),
      worst,
      upgrades: upgradesOf(mendable).slice(0, shownMax),
      isTruncated:
        isTruncated ||
        images.length > imagesMax ||
        catalogued.length > imagesMended ||
        mendable.length === mendableMax,
      dataRevision: revision,
      dataBuiltAt: data.builtAt,
    }
  }

  /** Of the repositories in the project and below it that the caller may pull. Days on which nothing was noted are missing. */
  async trend(caller: Caller, project: string, days: number) {
    const { repositories, isTruncated } = await this.#repositories(caller, project)
    const { read } = this.#database
    const now = this.#now()
    const ids = [...repositories.keys()]
    const rows = await readTrend(read, { repositories: ids, since: dayOf(now - days * dayMs) })
    return { days: trendOf(rows, dayOf(now), await countOpen(read, ids)), isTruncated }
  }

  /** Those that the caller may pull, by id. */
  async #repositories(caller: Caller, project: string) {
    const found = await repositoriesWithin(this.#database.read, {
      project,
      after: 0,
      limit: repositoriesMax + 1,
    })
    const repositories = new Map<number, string>()
    for (const { id, name } of found.slice(0, repositoriesMax)) {
      if (await caller.may('pull', name as RepositoryName)) repositories.set(id, name)
    }
    return { repositories, isTruncated: found.length > repositoriesMax }
  }
}

/** What was noted day by day; for today, what is open now: today's note may be from before the last push. */
export function trendOf(
  rows: readonly Omit<TrendRow, 'repository_id'>[],
  today: string,
  open: Record<Severity, number>,
) {
  const before = rows.filter(({ day }) => day < today)
  const noted = rows.find(({ day }) => day === today) ?? { opened: 0, closed: 0 }
  return [...before, { ...noted, ...open, day: today }].map((row) => ({
    day: row.day,
    counts: severityCountsOf((severity) => row[severity]),
    opened: row.opened,
    closed: row.closed,
  }))
}

/** The day of a time, in UTC. */
export function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10)
}

/** How many are overdue, and how many are due within seven days; `count` counts those of a time. */
export async function dueWindow(
  now: number,
  count: (from: string, before: string, limit: number) => Promise<number>,
) {
  const at = new Date(now).toISOString()
  return {
    overdue: await count('', at, dueMax),
    soon: await count(at, new Date(now + soonMs).toISOString(), dueMax),
  }
}

/** For each package the least version that mends all of its findings, what mends most first. */
export function upgradesOf(findings: readonly MendableFinding[]): Upgrade[] {
  const byPackage = Map.groupBy(findings, ({ kind, name }) => `${kind}:${name}`)
  return [...byPackage]
    .map(([name, all]) => ({
      package: name,
      version: highest(all[0]?.kind as PackageKind, new Set(all.map((one) => one.fixed_version))),
      findings: all.length,
      images: new Set(all.map((one) => one.image_digest)).size,
      worstScore: Math.max(...all.map((one) => one.score)) / 10,
    }))
    .toSorted((a, b) => b.findings - a.findings || b.worstScore - a.worstScore)
}

/** Versions that cannot be compared are passed over, unless there is nothing else. */
function highest(kind: PackageKind, versions: ReadonlySet<string>): string {
  let best: string | undefined
  for (const version of versions) {
    try {
      // With itself when it is the first: then too it must be a version.
      const order = compareVersions(schemeOf(kind), version, best ?? version)
      if (best === undefined || order > 0) best = version
    } catch (error) {
      if (!(error instanceof InvalidVersion)) throw error
    }
  }
  return best ?? ''
}

function hasFindings(image: TaggedImage): boolean {
  return Object.values(severityCountsOf((severity) => image[severity])).some((count) => count > 0)
}

/** One figure for each severity. */
export function severityCountsOf(read: (severity: Severity) => number): Counts {
  return {
    critical: read('critical'),
    high: read('high'),
    medium: read('medium'),
    low: read('low'),
    negligible: read('negligible'),
    unknown: read('unknown'),
  }
}
