import { durationMs, type TemplateName } from '@berth/api/policy-document.ts'
import type { ImageFacts } from './facts.ts'
import type { Judgement } from './judgement.ts'
import type { PlacedRule } from './rules.ts'

/** Templates for which it is enough to know the packages. */
const catalogueIsEnough: ReadonlySet<TemplateName> = new Set(['deniedPackages', 'licences'])

/** `true` when there is no scan to judge by. Then the rule has been told so, and says itself whether that is a violation. */
export function isUnscanned(
  judgement: Judgement,
  placed: PlacedRule,
  image: ImageFacts,
  template: TemplateName,
): boolean {
  const missing = missingScan(image, template)
  if (missing === undefined) return false
  const { whenUnscanned } = placed.rule
  if (whenUnscanned === 'allow') return true
  judgement.violate(placed, template, image, {
    subject: 'scan',
    found: missing.found,
    wanted: 'a scan',
    phrase: missing.found,
    fix: missing.fix,
    isPending: whenUnscanned === 'wait' && missing.isPending,
  })
  return true
}

type Missing = { readonly found: string; readonly fix: string; readonly isPending: boolean }

function missingScan({ scan }: ImageFacts, template: TemplateName): Missing | undefined {
  switch (scan.state) {
    case 'none':
      return { found: 'not scanned', fix: 'scan the image', isPending: true }
    case 'waiting':
      return { found: 'not scanned yet', fix: 'try again when it is scanned', isPending: true }
    case 'failed':
      return {
        found: `the scan failed: ${scan.reason ?? 'no reason is known'}`,
        fix: 'scan the image again',
        isPending: false,
      }
    case 'unsupported':
      return {
        found: `cannot be scanned: ${scan.reason ?? 'no reason is known'}`,
        fix: 'ask for an exception',
        isPending: false,
      }
    case 'catalogued':
      break
  }
  if (catalogueIsEnough.has(template)) return undefined
  if (scan.matchedAt !== undefined && scan.dataRevision > 0) return undefined
  return {
    found: 'not matched with advisories: there are none',
    fix: 'import advisories',
    isPending: false,
  }
}

export function judgeScannedWithin(
  judgement: Judgement,
  placed: PlacedRule,
  image: ImageFacts,
): void {
  const age = placed.rule.scannedWithin?.age
  if (age === undefined || isUnscanned(judgement, placed, image, 'scannedWithin')) return
  const { matchedAt = '' } = image.scan
  const end = Date.parse(matchedAt) + (durationMs(age) ?? 0)
  judgement.changesAt(end)
  if (end > judgement.now) return
  judgement.violate(placed, 'scannedWithin', image, {
    subject: 'scan',
    found: `scanned ${matchedAt}`,
    wanted: `not longer ago than ${age}`,
    phrase: `scanned last on ${matchedAt.slice(0, 10)}, more than ${age} ago`,
    fix: 'scan the image again',
  })
}

export function judgeDataAge(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  const age = placed.rule.maximumDataAge?.age
  if (age === undefined || isUnscanned(judgement, placed, image, 'maximumDataAge')) return
  const { dataBuiltAt = '' } = image.scan
  const end = Date.parse(dataBuiltAt) + (durationMs(age) ?? 0)
  judgement.changesAt(end)
  // Data without a date is of no known age.
  if (end > judgement.now) return
  judgement.violate(placed, 'maximumDataAge', image, {
    subject: 'advisories',
    found: dataBuiltAt === '' ? 'of no known date' : `of ${dataBuiltAt}`,
    wanted: `not older than ${age}`,
    phrase: `advisories of ${dataBuiltAt === '' ? 'no known date' : dataBuiltAt.slice(0, 10)}, older than ${age}`,
    fix: 'import newer advisories',
  })
}
