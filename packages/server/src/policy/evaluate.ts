import { matchesAny, parseGlob } from '../access/glob.ts'
import type { Facts, ImageFacts, Stage } from './facts.ts'
import { judgeCvss, judgeDeniedVulnerabilities, judgeSla } from './judge-findings.ts'
import {
  judgeAge,
  judgeBase,
  judgeLabels,
  judgeLayers,
  judgeSize,
  judgeUser,
} from './judge-image.ts'
import { judgeDeniedPackages, judgeLicences } from './judge-packages.ts'
import { judgeDataAge, judgeScannedWithin } from './judge-scan.ts'
import { judgeAttestation, judgeSbom, judgeSignedBy } from './judge-signatures.ts'
import { Judgement, type Suppressed, type Violation } from './judgement.ts'
import type { Exception, PlacedRule } from './rules.ts'

/** What the policies say. */
export type Evaluation = {
  /** `deny` when a rule in mode `enforce` is broken, `warn` when only ones in mode `warn` are. */
  readonly decision: 'allow' | 'warn' | 'deny'
  /** The worst first, those of every mode. */
  readonly violations: readonly Violation[]
  readonly suppressed: readonly Suppressed[]
  /** Milliseconds: the first moment at which the passage of time alone may change any of it; `undefined`: never. */
  readonly validUntil: number | undefined
}

/** How long a verdict on an index of indexes counts at most. */
const nestedMs = 60_000

type Judge = (judgement: Judgement, placed: PlacedRule, image: ImageFacts) => void

/** Of anything that is pulled to be used. */
const judgesOfAll: readonly Judge[] = [judgeSignedBy, judgeAttestation, judgeSize, judgeLayers]

/** Of what a container runs from. */
const judgesOfImages: readonly Judge[] = [
  judgeCvss,
  judgeDeniedVulnerabilities,
  judgeSla,
  judgeScannedWithin,
  judgeDataAge,
  judgeDeniedPackages,
  judgeLicences,
  judgeSbom,
  judgeUser,
  judgeLabels,
  judgeBase,
  judgeAge,
]

/**
 * Judges what is known by the rules that hold for the repository, and nothing else: the same facts, rules, exceptions and
 * moment give the same answer. All rules hold; none opens what another closes. `now` is in milliseconds.
 */
export function evaluate(
  facts: Facts,
  rules: readonly PlacedRule[],
  exceptions: readonly Exception[],
  { now, stage }: { now: number; stage: Stage },
): Evaluation {
  const judgement = new Judgement(facts, exceptions, now)
  if (facts.isNested) judgement.changesAt(now + nestedMs)
  if (facts.kind !== 'attachment') {
    for (const placed of rules) {
      if (placed.rule.on.includes(stage) && isUnderTag(placed, facts)) judge(judgement, placed)
    }
  }
  const violations = [...judgement.violations.values()].toSorted(worstFirst)
  const breaks = (mode: Violation['mode']) => violations.some((each) => each.mode === mode)
  return {
    decision: breaks('enforce') ? 'deny' : breaks('warn') ? 'warn' : 'allow',
    violations,
    suppressed: [...judgement.suppressed.values()],
    validUntil: judgement.validUntil,
  }
}

function judge(judgement: Judgement, placed: PlacedRule): void {
  const { images, unjudged } = judgement.facts
  if (unjudged !== undefined) {
    judgement.violate(placed, 'content', undefined, {
      subject: 'content',
      found: unjudged,
      wanted: 'something that can be judged whole',
      phrase: `cannot be judged: it ${unjudged}`,
    })
  }
  for (const image of images) {
    if (!isForPlatform(placed, image)) continue
    for (const each of judgesOfAll) each(judgement, placed, image)
    if (image.isImage) for (const each of judgesOfImages) each(judgement, placed, image)
  }
}

function isUnderTag({ rule }: PlacedRule, { tags }: Facts): boolean {
  if (!rule.tags) return true
  const globs = rule.tags.map((text) => parseGlob(text))
  return tags.some((tag) => matchesAny(globs, tag))
}

/** An image that does not say for which platform it is may be for any. */
function isForPlatform({ rule }: PlacedRule, { platform }: ImageFacts): boolean {
  if (!rule.platforms || platform === undefined) return true
  return rule.platforms.some((wanted) => platform === wanted || platform.startsWith(`${wanted}/`))
}

const modes = ['enforce', 'warn', 'audit'] as const

function worstFirst(a: Violation, b: Violation): number {
  return (
    modes.indexOf(a.mode) - modes.indexOf(b.mode) ||
    (b.score ?? -1) - (a.score ?? -1) ||
    Number(b.fix !== undefined) - Number(a.fix !== undefined) ||
    compareText(a.project, b.project) ||
    compareText(a.rule, b.rule) ||
    compareText(a.subject, b.subject)
  )
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
