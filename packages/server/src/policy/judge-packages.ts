import { compareVersions, InvalidVersion, schemeOf } from '@berth/scanner/versions/compare.ts'
import { type Glob, matches, matchesAny, parseGlob } from '../access/glob.ts'
import type { ImageFacts, PackageFacts } from './facts.ts'
import type { Judgement } from './judgement.ts'
import { isUnscanned } from './judge-scan.ts'
import { satisfies } from './licence-expression.ts'
import type { PlacedRule } from './rules.ts'

export function judgeDeniedPackages(
  judgement: Judgement,
  placed: PlacedRule,
  image: ImageFacts,
): void {
  const settings = placed.rule.deniedPackages
  if (!settings || isUnscanned(judgement, placed, image, 'deniedPackages')) return
  const denied = settings.packages.map((entry) => ({ ...entry, glob: parseGlob(entry.name) }))
  for (const found of image.packages) {
    const entry = denied.find(
      ({ kind, glob, below }) =>
        (kind === undefined || kind === found.kind) &&
        matches(glob, found.name) &&
        (below === undefined || isBelow(found, below)),
    )
    if (!entry) continue
    const name = `${found.kind}:${found.name}`
    const wanted = entry.below === undefined ? 'absent' : `${entry.below} or later`
    judgement.violate(placed, 'deniedPackages', image, {
      subject: `${name} ${found.version}`,
      package: name,
      found: found.version,
      wanted,
      phrase: `denied package ${found.name} ${found.version}`,
      fix: entry.below === undefined ? `remove ${name}` : `upgrade ${name} to ${entry.below}`,
    })
  }
}

export function judgeLicences(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  const settings = placed.rule.licences
  if (!settings || isUnscanned(judgement, placed, image, 'licences')) return
  const allow = settings.allow?.map((text) => parseGlob(text))
  const deny = settings.deny?.map((text) => parseGlob(text)) ?? []
  for (const found of image.packages) {
    if (isLicenceFine(found, allow, deny, settings.whenUnknown)) continue
    const licences = found.licences.join(' AND ')
    const name = `${found.kind}:${found.name}`
    judgement.violate(placed, 'licences', image, {
      subject: `${name} ${found.version}`,
      package: name,
      found: licences === '' ? 'no licence' : licences.slice(0, 200),
      wanted: settings.allow ? `one of ${settings.allow.join(', ')}` : 'another licence',
      phrase: `${found.name} ${found.version} has ${licences === '' ? 'no licence' : `the licence ${licences.slice(0, 80)}`}`,
      fix: `replace ${name}`,
    })
  }
}

function isLicenceFine(
  { licences }: PackageFacts,
  allow: readonly Glob[] | undefined,
  deny: readonly Glob[],
  whenUnknown: 'allow' | 'block',
): boolean {
  if (licences.length === 0) return whenUnknown === 'allow'
  const isAllowed = (id: string) =>
    (allow === undefined || matchesAny(allow, id)) && !matchesAny(deny, id)
  return licences.every((expression) => satisfies(expression, isAllowed))
}

/** A version that cannot be compared may be any, so it counts. */
function isBelow({ kind, version }: PackageFacts, below: string): boolean {
  try {
    return compareVersions(schemeOf(kind), version, below) < 0
  } catch (error) {
    if (error instanceof InvalidVersion) return true
    throw error
  }
}
