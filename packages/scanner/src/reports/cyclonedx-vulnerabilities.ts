import type { PackageFinding, ScanReport, Score, Severity, VexJudgement } from '../finding.ts'
import type { CataloguedPackage } from '../package.ts'
import { cycloneDxJustifications, cycloneDxStates } from '../vex/cyclonedx-words.ts'
import { addressOf } from './address.ts'

type Judged = PackageFinding & { readonly vex?: VexJudgement }

const severities: Readonly<Record<Severity, string>> = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  low: 'low',
  negligible: 'info',
  unknown: 'unknown',
}
const methods: Readonly<Record<string, string>> = {
  '2.0': 'CVSSv2',
  '3.0': 'CVSSv3',
  '3.1': 'CVSSv31',
  '4.0': 'CVSSv4',
}

/**
 * The `vulnerabilities` of a CycloneDX document: one for each vulnerability and judgement of it, with all the packages
 * that have it. `referenceOf` gives a package's `bom-ref`.
 */
export function cycloneDxVulnerabilities(
  { findings, suppressed }: ScanReport,
  referenceOf: (found: CataloguedPackage) => string,
): readonly Record<string, unknown>[] {
  const judged: readonly Judged[] = [...findings, ...suppressed]
  const groups = Map.groupBy(judged, ({ vulnerability, vex }) =>
    JSON.stringify([vulnerability, vex ?? null]),
  )
  const numbers = new Map<string, number>()
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const number = (numbers.get(first.vulnerability) ?? 0) + 1
    numbers.set(first.vulnerability, number)
    return [vulnerabilityOf(first, group, referenceOf, number)]
  })
}

function vulnerabilityOf(
  first: Judged,
  group: readonly Judged[],
  referenceOf: (found: CataloguedPackage) => string,
  number: number,
): Record<string, unknown> {
  const advisory = first.advisories[0]
  const cwes = [...new Set(group.flatMap(({ cwes }) => cwes.flatMap(numberOfCwe)))].sort(
    (a, b) => a - b,
  )
  const addresses = unique(group.flatMap(({ references }) => references.filter(isWebAddress)))
  const recommendation = recommendationOf(group)
  const references = unique([
    ...group.flatMap(({ aliases }) => aliases),
    ...group.flatMap(({ advisories }) => advisories.map(({ id }) => id)),
  ]).filter((id) => id !== first.vulnerability)
  return {
    'bom-ref': `berth:vulnerability:${first.vulnerability}:${number}`,
    id: first.vulnerability,
    source: { name: advisory?.source ?? 'unknown', url: addressOf(first.vulnerability) },
    ...(references.length > 0 && {
      references: references.map((id) => ({ id, source: { name: sourceOf(id, group) } })),
    }),
    ratings: ratingsOf(group),
    ...(cwes.length > 0 && { cwes }),
    ...(first.description !== undefined && { description: first.description }),
    ...(recommendation !== '' && { recommendation }),
    ...(addresses.length > 0 && { advisories: addresses.map((url) => ({ url })) }),
    ...(first.published !== undefined && { published: first.published }),
    ...(first.modified !== undefined && { updated: first.modified }),
    ...(first.vex !== undefined && { analysis: analysisOf(first.vex) }),
    affects: affectsOf(group, referenceOf),
    ...propertiesOf(first),
  }
}

function affectsOf(
  group: readonly Judged[],
  referenceOf: (found: CataloguedPackage) => string,
): Record<string, unknown>[] {
  const affected = new Map(group.map((judged) => [referenceOf(judged.package), judged]))
  return [...affected].map(([ref, judged]) => ({
    ref,
    versions: [
      {
        version: judged.package.version,
        status: statusOf(judged),
      },
    ],
  }))
}

function statusOf({ vex, isUndetermined }: Judged): string {
  if (vex?.status === 'not_affected' || vex?.status === 'fixed') return 'unaffected'
  return isUndetermined === true ? 'unknown' : 'affected'
}

function ratingsOf(group: readonly Judged[]): Record<string, unknown>[] {
  const ratings = group.flatMap(({ scores, severity }) => {
    if (scores.length === 0) return [{ severity: severities[severity], method: 'other' }]
    return scores.map((score, index) => ratingOf(score, index === 0 ? severity : undefined))
  })
  return [...new Map(ratings.map((rating) => [JSON.stringify(rating), rating])).values()]
}

function ratingOf(score: Score, severity: Severity | undefined): Record<string, unknown> {
  return {
    source: { name: score.source },
    // An estimated score stands for a word: the word is said, not the number.
    ...(score.isEstimated !== true && { score: score.score }),
    ...(severity !== undefined && { severity: severities[severity] }),
    method: methods[score.version ?? ''] ?? 'other',
    ...(score.vector !== undefined && { vector: score.vector }),
  }
}

function recommendationOf(group: readonly Judged[]): string {
  return unique(
    group.flatMap(({ package: { name, version }, fixedVersion }) =>
      fixedVersion === undefined ? [] : [`Upgrade ${name} from ${version} to ${fixedVersion}.`],
    ),
  ).join(' ')
}

function analysisOf(vex: VexJudgement): Record<string, unknown> {
  const justification = cycloneDxJustifications[vex.justification ?? '']
  const detail = [
    vex.statement,
    justification === undefined ? vex.justification : undefined,
    `Judged by ${vex.author} (${vex.source}).`,
  ].filter((part) => part !== undefined && part !== '')
  return {
    state: cycloneDxStates[vex.status],
    ...(justification !== undefined && { justification }),
    detail: detail.join(' '),
    firstIssued: vex.at,
  }
}

function propertiesOf(finding: Judged): { properties?: readonly Record<string, string>[] } {
  const properties = [
    ['berth:knownExploited', finding.knownExploited],
    ['berth:epss', finding.epss?.toString()],
    ['berth:fixState', finding.fixState],
    ['berth:fixAvailableAt', finding.fixAvailableAt],
    ['berth:isMalware', finding.isMalware === true ? 'true' : undefined],
  ].flatMap(([name, value]) => (name === undefined || value === undefined ? [] : [{ name, value }]))
  return properties.length === 0 ? {} : { properties }
}

function numberOfCwe(cwe: string): number[] {
  const number = Number(/^(?:CWE-)?(\d{1,6})$/i.exec(cwe)?.[1])
  return number >= 1 ? [number] : []
}

function sourceOf(id: string, group: readonly Judged[]): string {
  const advisory = group
    .flatMap(({ advisories }) => advisories)
    .find((candidate) => candidate.id === id)
  return advisory?.source ?? id.split('-')[0] ?? id
}

function isWebAddress(reference: string): boolean {
  return /^https?:\/\/\S+$/.test(reference)
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort()
}
