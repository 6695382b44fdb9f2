import type { PackageURL } from 'packageurl-js'
import type { PackageFinding, VexJudgement } from '../finding.ts'
import { parsePurl } from '../sbom/purl-package.ts'
import type { VexProduct, VexStatement } from './vex-statement.ts'

/** The image whose findings are judged. */
export type JudgedProduct = {
  /** Of its manifest, and of the indexes that it is part of: a statement about either counts. */
  readonly digests: readonly string[]
  /** As in `repository_url`: `berth.example/team/app`; with it statements about every version of an image count. */
  readonly repository?: string
}

/**
 * Takes away what somebody judged not to matter in this product. For each finding the latest statement about it counts,
 * of two at one moment the later in the list. `not_affected` and `fixed` suppress, `affected` and `under_investigation` do
 * not. What is suppressed stays visible, and is **not** fixed: no deadline is met by a statement.
 */
export function applyVex(
  findings: readonly PackageFinding[],
  statements: readonly VexStatement[],
  product: JudgedProduct,
): {
  findings: PackageFinding[]
  suppressed: (PackageFinding & { readonly vex: VexJudgement })[]
} {
  const byVulnerability = new Map<string, VexStatement[]>()
  const positions = new Map(statements.map((statement, index) => [statement, index]))
  for (const statement of statements) {
    for (const id of new Set([statement.vulnerability, ...statement.aliases])) {
      const known = byVulnerability.get(id)
      if (known === undefined) byVulnerability.set(id, [statement])
      else known.push(statement)
    }
  }
  const matches = matcher(product)
  const open: PackageFinding[] = []
  const suppressed: (PackageFinding & { readonly vex: VexJudgement })[] = []
  for (const finding of findings) {
    const latest = idsOf(finding)
      .flatMap((id) => byVulnerability.get(id) ?? [])
      .filter(({ products }) => products.some((said) => matches(said, finding.package.purl)))
      .reduce<VexStatement | undefined>((best, next) => later(best, next, positions), undefined)
    if (latest?.status === 'not_affected' || latest?.status === 'fixed') {
      suppressed.push({ ...finding, vex: judgementOf(latest) })
    } else open.push(finding)
  }
  return { findings: open, suppressed }
}

function idsOf(finding: PackageFinding): string[] {
  return [
    ...new Set([
      finding.vulnerability,
      ...finding.aliases,
      ...finding.advisories.map(({ id }) => id),
    ]),
  ]
}

function later(
  best: VexStatement | undefined,
  next: VexStatement,
  positions: ReadonlyMap<VexStatement, number>,
): VexStatement {
  if (best === undefined) return next
  const difference = Date.parse(next.timestamp) - Date.parse(best.timestamp)
  if (difference !== 0) return difference > 0 ? next : best
  return (positions.get(next) ?? 0) > (positions.get(best) ?? 0) ? next : best
}

function judgementOf(said: VexStatement): VexJudgement {
  return {
    status: said.status,
    ...(said.justification !== undefined && { justification: said.justification }),
    ...(said.statement !== undefined && { statement: said.statement }),
    author: said.author,
    at: said.timestamp,
    source: said.source,
  }
}

/** Whether a statement about a product is about this package of the judged image. */
function matcher(product: JudgedProduct): (said: VexProduct, purl: string) => boolean {
  const read = new Map<string, PackageURL | undefined>()
  const parse = (text: string) => {
    if (!read.has(text)) read.set(text, parsePurl(text))
    return read.get(text)
  }
  const isPart = (wanted: string, purl: string) => {
    const [general, special] = [parse(wanted), parse(purl)]
    return general !== undefined && special !== undefined && includes(general, special)
  }
  return (said, purl) => {
    const parsed = said.purl === undefined ? undefined : parse(said.purl)
    const isImage =
      (said.digest !== undefined && product.digests.includes(said.digest)) ||
      (parsed?.type === 'oci' && isThisImage(parsed, product))
    if (isImage) {
      return (
        said.subcomponents.length === 0 || said.subcomponents.some((part) => isPart(part, purl))
      )
    }
    // A statement about a package, not about what it is made of.
    if (said.purl === undefined || parsed?.type === 'oci' || said.subcomponents.length > 0)
      return false
    return isPart(said.purl, purl)
  }
}

/** By digest, which no name can contradict; without one by repository. */
function isThisImage(said: PackageURL, { digests, repository }: JudgedProduct): boolean {
  if (said.version) return digests.includes(said.version)
  const address = said.qualifiers?.['repository_url']?.toLowerCase()
  return repository !== undefined && address === repository.toLowerCase()
}

/** A purl without a version means all of them; every qualifier that it has must be there. */
function includes(general: PackageURL, special: PackageURL): boolean {
  return (
    general.type === special.type &&
    (general.namespace ?? '') === (special.namespace ?? '') &&
    general.name === special.name &&
    (!general.version || general.version === special.version) &&
    Object.entries(general.qualifiers ?? {}).every(
      ([key, value]) => special.qualifiers?.[key] === value,
    )
  )
}
