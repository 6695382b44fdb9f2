import type { ImageFacts, SignatureFacts } from './facts.ts'
import type { Judgement } from './judgement.ts'
import { isAtOrAbove, type PlacedRule } from './rules.ts'

export function judgeSignedBy(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  const settings = placed.rule.signedBy
  if (!settings) return
  const { identities, threshold } = settings
  const isSigned = (identity: string) =>
    findSignature(judgement, placed, image, ({ what, identity: by }) => {
      return what === 'signature' && by === identity
    })
  const missing = identities.filter((identity) => !isSigned(identity))
  if (threshold === 'any' ? missing.length < identities.length : missing.length === 0) return
  const names = missing.map((name) => `"${name}"`).join(', ')
  judgement.violate(placed, 'signedBy', image, {
    subject: 'signature',
    found: 'no verified signature',
    wanted: threshold === 'any' && missing.length > 1 ? `of one of ${names}` : `of ${names}`,
    phrase: `not signed by ${threshold === 'any' && missing.length > 1 ? 'any of ' : ''}${names}`,
    fix: 'sign the image',
  })
}

export function judgeAttestation(
  judgement: Judgement,
  placed: PlacedRule,
  image: ImageFacts,
): void {
  const settings = placed.rule.requireAttestation
  if (!settings) return
  const found = findSignature(judgement, placed, image, ({ what, identity, predicateType }) => {
    return (
      what === 'attestation' &&
      predicateType === settings.predicateType &&
      settings.signedBy.includes(identity)
    )
  })
  if (found) return
  const names = settings.signedBy.map((name) => `"${name}"`).join(', ')
  judgement.violate(placed, 'requireAttestation', image, {
    subject: `attestation ${settings.predicateType}`,
    found: 'none that is verified',
    wanted: `signed by ${names}`,
    phrase: `no attestation ${settings.predicateType} signed by ${names}`,
    fix: 'attach a signed attestation',
  })
}

export function judgeSbom(judgement: Judgement, placed: PlacedRule, image: ImageFacts): void {
  const settings = placed.rule.requireSbom
  if (!settings) return
  const on = subjectsOf(judgement, image)
  if (
    judgement.facts.sboms.some((sbom) => on.has(sbom.on) && settings.formats.includes(sbom.format))
  ) {
    return
  }
  judgement.violate(placed, 'requireSbom', image, {
    subject: 'SBOM',
    found: 'none',
    wanted: settings.formats.join(' or '),
    phrase: `no SBOM (${settings.formats.join(' or ')})`,
    fix: 'attach an SBOM',
  })
}

/**
 * A signature counts on the image and on an index that holds it. An identity that a project further down made up, or took
 * the name of, does not count for the rules above it.
 */
function findSignature(
  judgement: Judgement,
  { project }: PlacedRule,
  image: ImageFacts,
  isWanted: (signature: SignatureFacts) => boolean,
): boolean {
  const on = subjectsOf(judgement, image)
  return judgement.facts.signatures.some(
    (signature) =>
      on.has(signature.on) &&
      isWanted(signature) &&
      signature.projects.length > 0 &&
      signature.projects.every((owner) => isAtOrAbove(owner, project)),
  )
}

function subjectsOf({ facts }: Judgement, image: ImageFacts): ReadonlySet<string> {
  return new Set([image.digest, facts.digest, ...facts.parents])
}
