import { durationMs } from '@berth/api/policy-document.ts'
import type { FindingFacts, ImageFacts, StatementFacts } from './facts.ts'
import { dueDate } from './due.ts'
import type { Judgement } from './judgement.ts'
import { isUnscanned } from './judge-scan.ts'
import { isAtOrAbove, type PlacedRule } from './rules.ts'

/** Floors of the bands of CVSS, for findings that have a word and no number. */
const floors = { critical: 9, high: 7, medium: 4, low: 0.1, negligible: 0, unknown: 0 } as const

/** A finding that nobody has tracked yet gets its date soon. */
const trackingMs = 300_000

export function judgeCvss(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  const settings = placed.rule.maximumCvss
  if (!settings || isUnscanned(judgement, placed, image, 'maximumCvss')) return
  const grace = durationMs(settings.gracePeriod ?? '') ?? 0
  for (const finding of image.findings) {
    const score = scoreOf(finding)
    if (score <= settings.score) continue
    if (settings.onlyFixable && finding.fixedVersion === undefined) continue
    if (grace > 0) {
      const end = firstSeen(judgement, image, finding) + grace
      judgement.changesAt(end)
      if (end > judgement.now) continue
    }
    if (isAnswered(judgement, placed, image, finding, settings.vex)) continue
    judgement.violate(placed, 'maximumCvss', image, {
      ...nameOf(finding),
      found: `CVSS ${score.toFixed(1)}`,
      wanted: `CVSS ${settings.score} at most`,
      phrase: `${finding.vulnerability} CVSS ${score.toFixed(1)} in ${placeOf(finding)}`,
      score,
    })
  }
}

export function judgeDeniedVulnerabilities(
  judgement: Judgement,
  placed: PlacedRule,
  image: ImageFacts,
): void {
  const settings = placed.rule.deniedVulnerabilities
  if (!settings || isUnscanned(judgement, placed, image, 'deniedVulnerabilities')) return
  const denied = new Set(settings.vulnerabilities)
  for (const finding of image.findings) {
    if (!denied.has(finding.vulnerability)) continue
    if (isAnswered(judgement, placed, image, finding, settings.vex)) continue
    judgement.violate(placed, 'deniedVulnerabilities', image, {
      ...nameOf(finding),
      found: finding.vulnerability,
      wanted: 'none of the denied vulnerabilities',
      phrase: `denied ${finding.vulnerability} in ${placeOf(finding)}`,
      score: scoreOf(finding),
    })
  }
}

/** Statements do not stop this clock: it is about mending, and only an upgrade or an exception ends it. */
export function judgeSla(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  const settings = placed.rule.sla
  if (!settings || isUnscanned(judgement, placed, image, 'sla')) return
  for (const finding of image.findings) {
    const due = dueDate(settings, {
      severity: finding.severity,
      isKnownExploited: finding.knownExploited !== undefined,
      firstSeen: firstSeen(judgement, image, finding),
      isFixable: finding.fixedVersion !== undefined,
      fixAvailableAt: finding.fixAvailableAt,
    })
    if (!due) continue
    judgement.changesAt(due.at)
    if (due.at > judgement.now) continue
    const { limit } = due
    const day = new Date(due.at).toISOString()
    judgement.violate(placed, 'sla', image, {
      ...nameOf(finding),
      found: `was due ${day}`,
      wanted: `mended within ${limit.text} (${limit.why})`,
      phrase: `${finding.vulnerability} (${limit.why}) in ${placeOf(finding)} was due ${day.slice(0, 10)}`,
      score: scoreOf(finding),
      due: day,
    })
  }
}

/** When it was first seen in the repository; as long as nobody noted that, when the image was matched. */
function firstSeen(judgement: Judgement, image: ImageFacts, finding: FindingFacts): number {
  if (finding.firstSeenAt !== undefined) return Date.parse(finding.firstSeenAt)
  judgement.changesAt(judgement.now + trackingMs)
  return Date.parse(image.scan.matchedAt ?? '') || judgement.now
}

/** Whether the latest statement about the finding says that it is no matter; it stays visible as suppressed. */
function isAnswered(
  judgement: Judgement,
  { project, rule }: PlacedRule,
  image: ImageFacts,
  finding: FindingFacts,
  accepted: 'all' | 'above' | 'none',
): boolean {
  if (accepted === 'none') return false
  let latest: StatementFacts | undefined
  for (const statement of judgement.facts.statements) {
    if (accepted === 'above' && !isAtOrAbove(statement.project, project)) continue
    if (!isAbout(statement, image, finding)) continue
    if (!latest || statement.createdAt >= latest.createdAt) latest = statement
  }
  if (latest?.status !== 'not_affected' && latest?.status !== 'fixed') return false
  const { id, author, reason } = latest
  const why = { by: 'vex', id, author, reason, endsAt: undefined } as const
  judgement.suppress(rule.name, nameOf(finding).subject, why)
  return true
}

function isAbout(statement: StatementFacts, image: ImageFacts, finding: FindingFacts): boolean {
  if (statement.vulnerability !== finding.vulnerability) return false
  if (statement.imageDigest !== '' && statement.imageDigest !== image.digest) return false
  return (
    statement.package === '' ||
    statement.package === finding.package ||
    statement.package === `${finding.package}@${finding.version}`
  )
}

function scoreOf({ score, severity }: FindingFacts): number {
  return score > 0 ? score : floors[severity]
}

function nameOf(finding: FindingFacts) {
  const { vulnerability, package: name, version, fixedVersion } = finding
  return {
    subject: `${vulnerability} in ${name} ${version}`,
    vulnerability,
    package: name,
    fix: fixedVersion === undefined ? undefined : `upgrade ${name} to ${fixedVersion}`,
  }
}

function placeOf({ package: name, version, fixedVersion }: FindingFacts): string {
  const fix = fixedVersion === undefined ? 'no fix yet' : `fixed in ${fixedVersion}`
  return `${name.slice(name.indexOf(':') + 1)} ${version} (${fix})`
}
